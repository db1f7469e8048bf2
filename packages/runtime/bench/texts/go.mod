module go-wasm/bench/texts

go 1.24
