module hard

go 1.24
