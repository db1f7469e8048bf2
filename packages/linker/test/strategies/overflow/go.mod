module overflow

go 1.24
