module database

go 1.24

require golang.org/x/mod v0.0.0

// A copy of GOROOT/src/cmd/vendor/golang.org/x/mod, which the test makes.
replace golang.org/x/mod => ./mod
