module go-wasm/exports

go 1.24
