// Compresses a file with zstd and s2, and unpacks what comes of it.
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

func main() {
	data, err := os.ReadFile(os.Args[1])
	check(err)
	for _, level := range []zstd.EncoderLevel{zstd.SpeedFastest, zstd.SpeedDefault, zstd.SpeedBetterCompression} {
		encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1))
		check(err)
		compressed := encoder.EncodeAll(data, nil)
		decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
		check(err)
		back, err := decoder.DecodeAll(compressed, nil)
		check(err)
		show("zstd "+level.String(), data, compressed, back)
		decoder.Close()
	}
	compressed := s2.EncodeBest(nil, data)
	back, err := s2.Decode(nil, compressed)
	check(err)
	show("s2", data, compressed, back)
}

func show(name string, data, compressed, back []byte) {
	fmt.Printf("%s: %d to %d, %x, %v\n", name, len(data), len(compressed), sha256.Sum256(compressed), bytes.Equal(data, back))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
