module output

go 1.24
