module boundary

go 1.24
