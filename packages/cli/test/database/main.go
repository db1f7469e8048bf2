// A checksum database with a key of its own, made of the code that is in cmd/go: it prints the key and its address, and
// serves, below /N/, the log as it was when it had N records. Record i is of golang.org/toolchain v0.0.1-test.i; that at
// record 12345 is of what the arguments say: a version and its hash.
package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	path    = "golang.org/toolchain"
	records = 66000
	special = 12345
)

func record(id int64) []byte {
	version, sum := fmt.Sprintf("v0.0.1-test.%d", id), sha256.Sum256(fmt.Append(nil, id))
	hash := "h1:" + base64.StdEncoding.EncodeToString(sum[:])
	if id == special {
		version, hash = os.Args[1], os.Args[2]
	}
	return fmt.Appendf(nil, "%s %s %s\n%s %[2]s/go.mod h1:mod\n", path, version, hash, path)
}

type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) (list []tlog.Hash, err error) {
	for _, i := range indexes {
		list = append(list, h[i])
	}
	return list, nil
}

// A tree is the log as it was with so many records.
type tree struct {
	size   int64
	hashes hashes
	signer note.Signer
}

func (t tree) Signed(context.Context) ([]byte, error) {
	hash, err := tlog.TreeHash(t.size, t.hashes)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: string(tlog.FormatTree(tlog.Tree{N: t.size, Hash: hash}))}, t.signer)
}

func (t tree) ReadRecords(_ context.Context, id, n int64) (list [][]byte, err error) {
	for i := range n {
		list = append(list, record(id+i))
	}
	return list, nil
}

func (t tree) Lookup(_ context.Context, m module.Version) (int64, error) {
	id := int64(special)
	if m.Version != os.Args[1] {
		var err error
		if id, err = strconv.ParseInt(strings.TrimPrefix(m.Version, "v0.0.1-test."), 10, 64); err != nil {
			return 0, os.ErrNotExist
		}
	}
	if id >= t.size {
		return 0, os.ErrNotExist
	}
	return id, nil
}

func (t tree) ReadTileData(_ context.Context, tile tlog.Tile) ([]byte, error) {
	for i := range tile.W {
		if (tile.N<<tile.H+int64(i)+1)<<(tile.H*tile.L) > t.size {
			return nil, os.ErrNotExist
		}
	}
	return tlog.ReadTileData(tile, t.hashes)
}

func main() {
	secret, key, err := note.GenerateKey(rand.Reader, "sums.example/of/tests")
	if err != nil {
		log.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		log.Fatal(err)
	}
	var all hashes
	for id := range int64(records) {
		more, err := tlog.StoredHashes(id, record(id), all)
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, more...)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s http://%s\n", key, listener.Addr())
	log.Fatal(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size, _, _ := strings.Cut(r.URL.Path[1:], "/")
		n, err := strconv.ParseInt(size, 10, 64)
		if err != nil || n > records {
			http.NotFound(w, r)
			return
		}
		http.StripPrefix("/"+size, sumdb.NewServer(tree{n, all, signer})).ServeHTTP(w, r)
	})))
}
