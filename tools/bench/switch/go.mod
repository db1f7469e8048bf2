module switch

go 1.24
