// Esbuild is a playground of esbuild: TypeScript in, JavaScript out.
package main

import "github.com/evanw/esbuild/pkg/api"

// Output is what esbuild makes of a text.
type Output struct {
	Code     string   `json:"code"`
	Errors   []string `json:"errors"`
	Warnings []string `json:"warnings"`
}

// Transform compiles a text. The loader is ts, tsx, jsx, js or css.
//
//gowasm:export
func transform(text, loader string, minify bool) Output {
	loaders := map[string]api.Loader{
		"ts": api.LoaderTS, "tsx": api.LoaderTSX, "jsx": api.LoaderJSX, "js": api.LoaderJS, "css": api.LoaderCSS,
	}
	result := api.Transform(text, api.TransformOptions{
		Loader:            loaders[loader],
		MinifySyntax:      minify,
		MinifyWhitespace:  minify,
		MinifyIdentifiers: minify,
	})
	show := func(messages []api.Message, kind api.MessageKind) []string {
		return api.FormatMessages(messages, api.FormatMessagesOptions{Kind: kind})
	}
	return Output{string(result.Code), show(result.Errors, api.ErrorMessage), show(result.Warnings, api.WarningMessage)}
}

func main() { select {} }
