// Web asks an HTTP server: one in the same program, or the one at a URL.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		get(os.Args[1])
	} else {
		serve()
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// serve asks a server in the same program: only with a runtime that Go takes for Node.
func serve() {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello from Go") })
	server := http.Server{Addr: "127.0.0.1:8080", Handler: mux}
	go server.ListenAndServe()
	time.Sleep(5 * time.Millisecond)
	get("http://127.0.0.1:8080/hello")
}

func get(url string) {
	response, err := http.Get(url)
	check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(err)
	fmt.Println(response.StatusCode, response.Header.Get("Content-Type"), string(body))
}
