//go:build js

// Game is a canvas game: balls bounce, a paddle that the arrow keys move keeps them in. Each ball is a goroutine.
package main

import (
	"fmt"
	"strconv"
	"syscall/js"
)

const (
	width, height = 160, 120
	balls         = 24
	radius        = 3
	paddleWidth   = 40
	paddleY       = height - 8
)

// Color is red, green and blue.
type color [3]byte

type ball struct {
	id, x, y, dx, dy int
	color            color
	lost             bool
}

// Run moves the ball by one step each time that it gets the paddle's place, and says where it is then.
func (b ball) run(paddle <-chan int, moved chan<- ball) {
	for at := range paddle {
		b.x, b.y = b.x+b.dx, b.y+b.dy
		if b.x < radius || b.x >= width-radius {
			b.dx = -b.dx
		}
		if b.y < radius || b.dy > 0 && b.y >= paddleY-radius && b.y < paddleY && b.x >= at && b.x < at+paddleWidth {
			b.dy = -b.dy
		}
		b.lost = b.y >= height+radius
		if b.lost {
			b.y, b.dy = radius, 1
		}
		moved <- b
	}
}

// Screen is what the canvas shows: 4 bytes a pixel.
type screen [width * height * 4]byte

func (s *screen) clear() {
	for i := range width * height {
		copy(s[4*i:], []byte{16, 16, 32, 255})
	}
}

func (s *screen) set(x, y int, c color) {
	if x >= 0 && x < width && y >= 0 && y < height {
		copy(s[4*(y*width+x):], c[:])
	}
}

func (s *screen) disc(x, y int, c color) {
	for dy := -radius; dy <= radius; dy++ {
		for dx := -radius; dx <= radius; dx++ {
			if dx*dx+dy*dy <= radius*radius {
				s.set(x+dx, y+dy, c)
			}
		}
	}
}

func main() {
	document := js.Global().Get("document")
	canvas := document.Call("querySelector", "canvas")
	canvas.Set("width", width)
	canvas.Set("height", height)
	context := canvas.Call("getContext", "2d")
	image := context.Call("createImageData", width, height)
	data := image.Get("data")
	score := document.Call("querySelector", "p")

	// JavaScript only sends what happens; all else is Go's.
	frames := make(chan struct{}, 1)
	keys := make(chan string, 8)
	frame := js.FuncOf(func(js.Value, []js.Value) any {
		frames <- struct{}{}
		return nil
	})
	document.Call("addEventListener", "keydown", js.FuncOf(func(_ js.Value, args []js.Value) any {
		select {
		case keys <- args[0].Get("key").String():
		default:
		}
		return nil
	}))

	moved := make(chan ball)
	var paddles []chan int
	for i := range balls {
		paddle := make(chan int)
		paddles = append(paddles, paddle)
		b := ball{id: i, x: 10 + i*37%140, y: 10 + i*23%60, dx: 1 + i%2, dy: 1 + i%3, color: color{byte(80 + i*7), byte(255 - i*8), 160}}
		go b.run(paddle, moved)
	}

	// The page may ask for an end, to look at it: ?frames=60.
	last := -1
	if query := js.Global().Get("location").Get("search").String(); len(query) > len("?frames=") {
		last, _ = strconv.Atoi(query[len("?frames="):])
	}

	pixels := new(screen)
	at, lost := (width-paddleWidth)/2, 0
	for n := 1; n-1 != last; n++ {
		js.Global().Call("requestAnimationFrame", frame)
		for waiting := true; waiting; {
			select {
			case <-frames:
				waiting = false
			case key := <-keys:
				switch key {
				case "ArrowLeft":
					at = max(0, at-8)
				case "ArrowRight":
					at = min(width-paddleWidth, at+8)
				}
			}
		}
		for _, paddle := range paddles {
			paddle <- at
		}
		pixels.clear()
		for x := range paddleWidth {
			for y := range 3 {
				pixels.set(at+x, paddleY+y, color{240, 240, 240})
			}
		}
		// They come in any order, and are drawn in the same one.
		var field [balls]ball
		for range balls {
			b := <-moved
			field[b.id] = b
		}
		for _, b := range field {
			if b.lost {
				lost++
			}
			pixels.disc(b.x, b.y, b.color)
		}
		js.CopyBytesToJS(data, pixels[:])
		context.Call("putImageData", image, 0, 0)
		score.Set("textContent", fmt.Sprintf("frame %d, %d lost", n, lost))
	}
	select {}
}
