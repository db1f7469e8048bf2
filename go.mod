// The module of the examples, so that `go-wasm run ./examples/hello` works from here.
module go-wasm.example

go 1.24
