// Finalizers, cleanups, weak pointers and pins of many objects, set and taken away in a random order, with collections in between.
// What has a finalizer and is dropped is finalized once; what has none, or is held, never.
package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"time"
	"weak"
)

type tiny uint64

type pair struct{ id, other int }

type large struct {
	id   int
	next *large
	rest [10]int
}

const objects = 4000

var (
	random    = rand.New(rand.NewPCG(1, 2))
	finalized [objects]int
	cleaned   [objects]int
)

type object struct {
	id      int
	kind    int
	tiny    *tiny
	pair    *pair
	large   *large
	weak    weak.Pointer[pair]
	cleanup runtime.Cleanup
	pinner  runtime.Pinner
	// What is to be.
	finalizer, cleans, stopped, pinned bool
}

func (o *object) set() {
	o.finalizer = true
	switch o.kind {
	case 0:
		runtime.SetFinalizer(o.tiny, func(t *tiny) { finalized[*t]++ })
	case 1:
		runtime.SetFinalizer(o.pair, func(p *pair) { finalized[p.id]++ })
	case 2:
		runtime.SetFinalizer(o.large, func(l *large) { finalized[l.id]++ })
	}
}

func (o *object) clear() {
	o.finalizer = false
	switch o.kind {
	case 0:
		runtime.SetFinalizer(o.tiny, nil)
	case 1:
		runtime.SetFinalizer(o.pair, nil)
	case 2:
		runtime.SetFinalizer(o.large, nil)
	}
}

func newObject(id int) *object {
	o := &object{id: id, kind: random.IntN(3)}
	switch o.kind {
	case 0:
		// Alone it would share 16 bytes with others, which would keep it alive.
		o.tiny = &new([2]tiny)[0]
		*o.tiny = tiny(id)
	case 1:
		o.pair = &pair{id: id}
	case 2:
		o.large = &large{id: id}
	}
	return o
}

func (o *object) change() {
	switch random.IntN(6) {
	case 0, 1:
		if !o.finalizer {
			o.set()
		}
	case 2:
		o.clear()
	case 3:
		if o.kind == 1 && !o.cleans {
			o.cleans = true
			o.cleanup = runtime.AddCleanup(o.pair, func(id int) { cleaned[id]++ }, o.id)
		}
	case 4:
		if o.cleans && !o.stopped {
			o.stopped = true
			o.cleanup.Stop()
		}
	case 5:
		if o.kind != 1 {
			return
		}
		if o.weak == (weak.Pointer[pair]{}) {
			o.weak = weak.Make(o.pair)
		} else if o.pinned {
			o.pinner.Unpin()
			o.pinned = false
		} else {
			o.pinner.Pin(o.pair)
			o.pinned = true
		}
	}
}

func collect() {
	for range 4 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

// Neighbours: the record in front of the one that was made last goes with its object, then one is made behind them.
func sweepBetween() (n int) {
	count := func(*large) { n++ }
	objects := []*large{{}, {}, {}}
	runtime.SetFinalizer(objects[0], count)
	runtime.SetFinalizer(objects[1], count)
	objects[0] = nil
	collect()
	runtime.SetFinalizer(objects[2], count)
	clear(objects)
	collect()
	return n
}

func main() {
	all := make([]*object, objects)
	for id := range all {
		all[id] = newObject(id)
		if id%3 > 0 {
			all[id].set()
		}
	}
	for round := range 6 {
		for range 2 * objects {
			if o := all[random.IntN(objects)]; o != nil {
				o.change()
			}
		}
		// Neighbours, of which records are made and given back right behind each other.
		for range objects {
			first := random.IntN(objects - 4)
			for range 8 {
				o := all[first+random.IntN(4)]
				switch {
				case o == nil:
				case o.finalizer:
					o.clear()
				default:
					o.set()
				}
			}
		}
		var dropped []*object
		for range objects / 8 {
			id := random.IntN(objects)
			if o := all[id]; o != nil {
				if o.pinned {
					o.pinner.Unpin()
				}
				dropped = append(dropped, o)
				all[id] = nil
			}
		}
		// What is known of them, without them.
		finalizer, cleans := make(map[int]bool), make(map[int]bool)
		for _, o := range dropped {
			finalizer[o.id] = o.finalizer
			cleans[o.id] = o.cleans && !o.stopped
			*o = object{}
		}
		collect()
		collect()
		wrong := []string{}
		for id, n := range finalized {
			want, dropped := finalizer[id]
			if !dropped && all[id] == nil {
				continue // in an earlier round
			}
			if (n == 1) != want || n > 1 {
				wrong = append(wrong, fmt.Sprint("finalizer ", id, " ", n))
			}
			if n := cleaned[id]; (n == 1) != cleans[id] || n > 1 {
				wrong = append(wrong, fmt.Sprint("cleanup ", id, " ", n))
			}
			if o := all[id]; o != nil && o.weak != (weak.Pointer[pair]{}) && o.weak.Value() != o.pair {
				wrong = append(wrong, fmt.Sprint("weak ", id))
			}
		}
		fmt.Println(round, len(dropped), sweepBetween(), strings.Join(wrong, ", "))
	}
	runtime.KeepAlive(all)
}
