module imports

go 1.24
