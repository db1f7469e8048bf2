module torture

go 1.24
