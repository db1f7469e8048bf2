// Renders pages from templates in Django's language.
package main

import (
	"bufio"
	"fmt"
	"os"

	"github.com/flosch/pongo2/v6"
)

const page = `{% macro row(item) %}<tr class="{% cycle 'odd' 'even' %}"><td>{{ item.name|title }}</td><td>{{ item.price|floatformat:2 }}</td><td>{{ item.text|truncatewords:8|safe }}</td></tr>
{% endmacro %}<html><head><title>{{ title|upper }}</title></head><body>
{% if items %}<table>{% for item in items %}{% if item.price > 20 and not item.hidden %}{{ row(item) }}{% elif item.hidden %}<!-- {{ forloop.Counter }} -->{% else %}<tr><td colspan="3">{{ item.text }}</td></tr>{% endif %}{% endfor %}</table>{% else %}<p>none</p>{% endif %}
{% with total=items|length %}<p>{{ total }} item{{ total|pluralize }}, {{ now|default:"never" }}</p>{% endwith %}</body></html>
`


func main() {
	template, err := pongo2.FromString(page)
	check(err)
	items := make([]map[string]any, 400)
	for i := range items {
		items[i] = map[string]any{
			"name": fmt.Sprintf("item number %d", i), "text": fmt.Sprintf("a <b>text</b> & more of it, %d words or so, that is long enough to be cut", i),
			"price": float64(i*7%50) + 0.125, "hidden": i%11 == 0,
		}
	}
	out := bufio.NewWriter(os.Stdout)
	for n := range 400 {
		check(template.ExecuteWriter(pongo2.Context{"title": fmt.Sprint("page ", n), "items": items[:n]}, out))
	}
	check(out.Flush())
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
