// Parses, simplifies and prints a long shell script.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

const part = `
function step_%[1]d {
local dir="${1:-/tmp/%[1]d}" ; shift
  if [[ -d "$dir" && ! -L $dir ]]
  then cd "$dir" || return 1
  elif (( %[1]d > 10 )) ; then echo "large: $(( %[1]d * 2 ))" >&2
  else mkdir -p  "$dir"; fi
  for f in "$@" *.{txt,md} ; do
    case "$f" in
    *.txt|*.text) grep -c 'x%[1]d' < "$f" | sort -n ;;
    *) while read -r line; do printf '%%s\n' "${line//a/b}" ; done < <(tail -n 3 "$f") ;;
    esac
  done
  cat <<EOT
text $dir $(date +%%s)
EOT
  result=$( ( step_0 ; echo ` + "`basename $dir`" + ` ) 2>/dev/null ) && arr+=( [%[1]d]="$result" )
}
`

func main() {
	var source strings.Builder
	source.WriteString("#!/bin/bash\n")
	for i := range 5000 {
		fmt.Fprintf(&source, part, i)
	}
	file, err := syntax.NewParser(syntax.KeepComments(true)).Parse(strings.NewReader(source.String()), "script.sh")
	if err != nil {
		panic(err)
	}
	syntax.Simplify(file)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	if err := syntax.NewPrinter(syntax.Indent(2)).Print(out, file); err != nil {
		panic(err)
	}
}
