module park

go 1.24
