// Large functions of the standard library, among them the irreducible ones of compress/flate.
package main

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"go/format"
	"io"
	"os"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
	"text/template"
	"time"
)

type item struct {
	Name  string            `json:"name"`
	Tags  []string          `json:"tags,omitempty"`
	Attr  map[string]any    `json:"attr"`
	Inner *item             `json:"inner,omitempty"`
	When  time.Time         `json:"when"`
	Raw   json.RawMessage   `json:"raw"`
	Skip  func(int) string  `json:"-"`
	Kinds map[string]*uint8 `json:"kinds"`
}

func compress() {
	text := strings.Repeat("what is repeated is short when it is compressed; ", 500)
	for i := range 300 {
		text += strconv.Itoa(i * i * i)
	}
	for level := gzip.HuffmanOnly; level <= gzip.BestCompression; level++ {
		var out bytes.Buffer
		w, err := gzip.NewWriterLevel(&out, level)
		if err != nil {
			panic(err)
		}
		io.WriteString(w, text)
		w.Close()
		size := out.Len()
		r, err := gzip.NewReader(&out)
		if err != nil {
			panic(err)
		}
		back, err := io.ReadAll(r)
		fmt.Println(level, size, string(back) == text, err)
	}
	_, err := gzip.NewReader(strings.NewReader("no gzip at all"))
	fmt.Println(err)
	packed, _ := base64.StdEncoding.DecodeString("QlpoOTFBWSZTWdhHuXgAAAAdgEAAEEAAIAAhAIKDF3JFOFCQ2Ee5eA==")
	unpacked, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(packed)))
	fmt.Printf("%q %v\n", unpacked, err)
	fmt.Printf("%x\n", sha256.Sum256([]byte(text)))
}

func encode() {
	in := item{Name: "a<b>", Tags: []string{"x", "ü"}, Attr: map[string]any{"f": 1.5e-7, "n": nil, "l": []any{true, "s"}},
		Inner: &item{Name: "inner", Raw: json.RawMessage(`{"k":[1,2]}`)}, When: time.Unix(1e9, 5).UTC(), Raw: json.RawMessage("null")}
	data, err := json.MarshalIndent(in, "", " ")
	fmt.Println(string(data), err)
	var out item
	fmt.Println(json.Unmarshal(data, &out), reflect.DeepEqual(in.Inner.Tags, out.Inner.Tags), out.Attr)
	var syntax *json.SyntaxError
	err = json.Unmarshal([]byte(`{"name": "x", "tags": [1, }`), &out)
	fmt.Println(err, errors.As(err, &syntax))
	fmt.Println(json.Unmarshal([]byte(`{"name": 5}`), &out))
	_, err = json.Marshal(make(chan int))
	fmt.Println(err)
}

func texts() {
	re := regexp.MustCompile(`(?i)(\w+)@(\w+)\.(com|org)`)
	fmt.Println(re.ReplaceAllString("Ann@Example.com, bob@site.ORG; nobody", "$2:$1"), re.FindAllStringSubmatchIndex("a@b.com c@d.org", -1))
	t := template.Must(template.New("t").Funcs(template.FuncMap{"up": strings.ToUpper}).Parse(
		`{{range $i, $e := .}}{{if $i}}, {{end}}{{with $e}}{{.Name | up | printf "%-6q"}}{{end}}{{else}}none{{end}}` + "\n"))
	fmt.Println(t.Execute(os.Stdout, []item{{Name: "one"}, {Name: "two"}}), t.Execute(os.Stdout, []item{}))
	fmt.Println(t.Execute(io.Discard, 5))
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 1, '.', tabwriter.AlignRight|tabwriter.Debug)
	fmt.Fprintln(w, "a\tbbb\tc")
	fmt.Fprintln(w, "aaaa\tb\tccccc")
	w.Flush()
	source, err := format.Source([]byte("package p\nfunc f( a int,b ...string )(x int){if a>0{return 1};for range b{x++};return}"))
	fmt.Println(string(source), err)
	for _, s := range []string{"12", "1e400", "-0x1p-3", "abc", "99999999999999999999", "0b101"} {
		i, e1 := strconv.ParseInt(s, 0, 64)
		f, e2 := strconv.ParseFloat(s, 64)
		fmt.Println(i, e1, f, e2)
	}
	fmt.Printf("%08.3f|%+d|%x|%q|%v|%#v|%T|%6.2e|%t|%U|%c|%[1]*.2[2]f|%!|%d\n", 3.14159, 5, "hex", 'x', []any{1, "a", nil}, struct{ A *int }{}, re, 12345.678, true, 'ü', 0x4e16)
	words := strings.Fields("the quick brown fox jumps over the lazy dog")
	sort.Slice(words, func(i, j int) bool {
		return len(words[i]) < len(words[j]) || len(words[i]) == len(words[j]) && words[i] < words[j]
	})
	fmt.Println(words)
}

func reflection() {
	v := reflect.ValueOf(&item{}).Elem()
	for i := range v.NumField() {
		fmt.Print(v.Type().Field(i).Name, " ", v.Field(i).Kind(), "; ")
	}
	fmt.Println()
	add := reflect.MakeFunc(reflect.TypeOf(func(int, string, float64) (string, error) { return "", nil }), func(args []reflect.Value) []reflect.Value {
		s := fmt.Sprint(args[0], args[1], args[2])
		return []reflect.Value{reflect.ValueOf(s), reflect.Zero(reflect.TypeFor[error]())}
	}).Interface().(func(int, string, float64) (string, error))
	fmt.Println(add(1, "two", 3.5))
	method := reflect.ValueOf(strings.NewReplacer("a", "b")).MethodByName("Replace")
	fmt.Println(method.Call([]reflect.Value{reflect.ValueOf("banana")})[0])
	func() {
		defer func() { fmt.Println(recover()) }()
		method.Call(nil)
	}()
	_, chosen, ok := reflect.Select([]reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(time.After(time.Millisecond))},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(make(chan int))},
	})
	fmt.Println(chosen.Kind(), ok)
}

func main() {
	compress()
	encode()
	texts()
	reflection()
}
