// Recipes lists the files of a test folder (GOROOT/test) that one runs as programs, with the flags and arguments of their
// `// run` line, as JSON: usage `recipes FOLDER GOOS GOARCH`.
//
// It reads the files as Go's own runner does (cmd/internal/testdir): the recipe is the first line that is not a build
// constraint, and constraints are looked at up to the package clause.
package main

import (
	"encoding/json"
	"go/build"
	"go/build/constraint"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Recipe is one file to run.
type Recipe struct {
	File  string   // relative to the folder, with slashes
	Flags []string // for the compiler: go build takes them
	Args  []string // for the program
	Env   []string // KEY=value, for both
}

func main() {
	folder, goos, goarch := os.Args[1], os.Args[2], os.Args[3]
	recipes := []Recipe{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if recipe, ok := parse(string(source), goos, goarch); ok {
			file, err := filepath.Rel(folder, path)
			if err != nil {
				return err
			}
			recipe.File = filepath.ToSlash(file)
			recipes = append(recipes, recipe)
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(recipes); err != nil {
		log.Fatal(err)
	}
}

func parse(source, goos, goarch string) (Recipe, bool) {
	header, _, ok := strings.Cut(source, "\npackage")
	if !ok {
		return Recipe{}, false
	}
	action := ""
	for line := range strings.Lines(header) {
		if expr, err := constraint.Parse(strings.TrimSpace(line)); err == nil {
			if !expr.Eval(func(tag string) bool { return matches(tag, goos, goarch) }) {
				return Recipe{}, false
			}
		} else if action == "" {
			action = strings.TrimSpace(strings.TrimPrefix(line, "//"))
		}
	}
	words := split(action)
	if len(words) == 0 || words[0] != "run" {
		return Recipe{}, false
	}
	recipe := Recipe{Flags: []string{}, Args: []string{}, Env: []string{}}
	words = words[1:]
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		switch flag := words[0]; flag {
		case "-t": // a time limit: we have our own
			words = words[1:]
		case "-goexperiment", "-godebug":
			words = words[1:]
			recipe.Env = append(recipe.Env, strings.ToUpper(flag[1:])+"="+words[0])
		default:
			recipe.Flags = append(recipe.Flags, flag)
		}
		words = words[1:]
	}
	recipe.Args = append(recipe.Args, words...)
	return recipe, true
}

func matches(tag, goos, goarch string) bool {
	return tag == goos || tag == goarch || tag == "gc" || slices.Contains(build.Default.ReleaseTags, tag)
}

// split cuts at spaces, but not within single or double quotes.
func split(s string) []string {
	var words []string
	word, inWord, quote := "", false, rune(0)
	for _, c := range s {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, inWord = c, true
		case quote == 0 && c == ' ':
			if inWord {
				words = append(words, word)
			}
			word, inWord = "", false
		default:
			word, inWord = word+string(c), true
		}
	}
	if inWord {
		words = append(words, word)
	}
	return words
}
