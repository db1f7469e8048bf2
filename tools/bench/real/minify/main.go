// Minifies a JavaScript file, and a page of HTML and CSS.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"github.com/tdewolff/minify/v2"
	"github.com/tdewolff/minify/v2/css"
	"github.com/tdewolff/minify/v2/html"
	"github.com/tdewolff/minify/v2/js"
)

const head = `<!doctype html><html><head><style>
  .a > .b:hover { color: #ff0000; margin: 0px 0px 0px 0px; background: url( "x.png" ) }
  @media (min-width: 100px) { .c { font-weight: bold; transform: translate( 10px , 0 ) } }
</style></head><body>`

const row = `
  <div   class="row"  id='r%[1]d' style="color: rgb(255, 0, 0); margin: 1.0px">
    <!-- row %[1]d -->
    <p>Some   text &amp; more <b> bold </b>  <input type="text" disabled="disabled" value="%[1]d" /></p>
  </div>`

func main() {
	m := minify.New()
	m.AddFunc("text/css", css.Minify)
	m.AddFunc("text/html", html.Minify)
	m.AddFunc("text/javascript", js.Minify)
	script, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	// Token by token, each would be an event of the host's.
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if err := m.Minify("text/javascript", out, script); err != nil {
		panic(err)
	}
	var page strings.Builder
	page.WriteString(head)
	for i := range 10000 {
		fmt.Fprintf(&page, row, i)
	}
	if err := m.Minify("text/html", out, strings.NewReader(page.String())); err != nil {
		panic(err)
	}
}
