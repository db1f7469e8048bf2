module recipes

go 1.24
