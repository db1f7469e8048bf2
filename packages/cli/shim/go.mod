module go-wasm/shim

go 1.21
