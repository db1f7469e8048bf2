// Runs jq queries over a large document.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/itchyny/gojq"
)

var queries = []string{
	`[.[] | select(.age > 30 and (.tags | index("b")))] | length`,
	`group_by(.city) | map({city: .[0].city, mean: ((map(.age) | add) / length)}) | sort_by(-.mean)`,
	`[.[] | .name | ascii_downcase | gsub("[aeiou]"; "_")] | unique | length`,
	`reduce .[] as $p ({}; .[$p.city] += $p.age)`,
	`[paths(type == "number")] | length`,
	`map(.tags) | flatten | group_by(.) | map({(.[0]): length}) | add`,
	`[.[] | .friends[]? | "\(.id)-\(.name)"] | sort | .[0:3]`,
}

func main() {
	people := []any{}
	cities := []string{"Oslo", "Lima", "Kyoto", "Accra", "Quito"}
	for i := range 6000 {
		friends := []any{}
		for j := range i % 4 {
			friends = append(friends, map[string]any{"id": i*7 + j, "name": fmt.Sprint("Friend ", j)})
		}
		people = append(people, map[string]any{
			"name": fmt.Sprintf("Person %d", i*i%5003), "age": 18 + i%60, "city": cities[i*3%5],
			"tags": []any{"a", []any{"b", "c", "d"}[i%3]}, "friends": friends,
		})
	}
	output := json.NewEncoder(os.Stdout)
	for _, text := range queries {
		query, err := gojq.Parse(text)
		if err != nil {
			panic(err)
		}
		results := query.Run(people)
		for value, ok := results.Next(); ok; value, ok = results.Next() {
			if err, ok := value.(error); ok {
				panic(err)
			}
			if err := output.Encode(value); err != nil {
				panic(err)
			}
		}
	}
}
