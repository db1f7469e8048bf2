// Fills a database in memory, with an index over JSON, and asks it.
package main

import (
	"fmt"
	"strconv"

	"github.com/tidwall/buntdb"
)

func main() {
	db, err := buntdb.Open(":memory:")
	check(err)
	defer db.Close()
	check(db.CreateIndex("age", "user:*", buntdb.IndexJSON("age")))
	check(db.CreateIndex("name", "user:*", buntdb.IndexJSON("name.last"), buntdb.IndexJSON("name.first")))
	random := uint32(1)
	next := func(n uint32) int {
		random = random*1664525 + 1013904223
		return int(random >> 8 % n)
	}
	for batch := range 30 {
		check(db.Update(func(tx *buntdb.Tx) error {
			for i := range 1000 {
				id := batch*1000 + i
				value := fmt.Sprintf(`{"id":%d,"name":{"first":"F%d","last":"L%d"},"age":%d}`, id, next(500), next(900), next(100))
				if _, _, err := tx.Set("user:"+strconv.Itoa(id), value, nil); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	check(db.Update(func(tx *buntdb.Tx) error {
		for range 10000 {
			if _, err := tx.Delete("user:" + strconv.Itoa(next(30000))); err != nil && err != buntdb.ErrNotFound {
				return err
			}
		}
		return nil
	}))
	check(db.View(func(tx *buntdb.Tx) error {
		count, sum := 0, 0
		err := tx.AscendRange("age", `{"age":30}`, `{"age":40}`, func(key, value string) bool {
			count++
			sum += len(key) + len(value)
			return true
		})
		if err != nil {
			return err
		}
		fmt.Println(count, sum)
		count = 0
		return tx.Ascend("name", func(key, value string) bool {
			if count%1000 == 0 {
				fmt.Println(key, value)
			}
			count++
			return true
		})
	}))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
