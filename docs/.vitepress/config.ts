import { defineConfig, type UserConfig } from 'vitepress';

const config: UserConfig = defineConfig({
  title: 'go-wasm',
  description: 'Go on WebAssembly, fast: structured control flow, restored when Go links',
  lang: 'en',
  cleanUrls: true,
  rewrites: { 'api/README.md': 'api/index.md' },
  // What is in the repository and not in these pages: `outside` below shows its path.
  ignoreDeadLinks: [/^(\.\/)?(\.\.\/)+(packages|tools|examples)\b/],
  markdown: { config: (md) => md.core.ruler.push('outside', outside) },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Start', link: '/guide/start' },
      { text: 'How it works', link: '/how-it-works' },
      { text: 'Results', link: '/results' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: [
      {
        text: 'Guides',
        items: [
          { text: 'Five-minute start', link: '/guide/start' },
          { text: 'Node', link: '/guide/node' },
          { text: 'Browsers', link: '/guide/browser' },
          { text: 'JavaScript modules', link: '/modules' },
          { text: 'WASI', link: '/guide/wasip1' },
          { text: 'Tests', link: '/guide/tests' },
          { text: 'Debugging', link: '/debugging' },
          { text: 'CPU profiles', link: '/profiles' },
          { text: 'Size', link: '/guide/size' },
          { text: 'Coming from elsewhere', link: '/migration' },
        ],
      },
      {
        text: 'Inside',
        items: [
          { text: 'How it works', link: '/how-it-works' },
          { text: 'Architecture', link: '/ARCHITECTURE' },
          { text: 'Switch strategies', link: '/strategies' },
          { text: 'Optimization', link: '/optimization' },
          { text: "Go's conventions", link: '/go-abi' },
          { text: 'Exports that wait', link: '/runtime-waiting' },
          { text: 'How it is tested', link: '/testing' },
          { text: 'Trust', link: '/trust' },
          { text: 'Dependencies', link: '/dependencies' },
          { text: 'Results', link: '/results' },
        ],
      },
      {
        text: 'Reference',
        items: [
          { text: 'API', link: '/api/' },
          { text: 'Errors', link: '/errors' },
          { text: 'Glossary', link: '/glossary' },
        ],
      },
    ],
  },
});

export default config;

/** What is used of a token of markdown-it. */
interface Token {
  type: string;
  children: Token[] | null;
  attrGet(name: string): string | null;
  attrs: [string, string][] | null;
  tag: string;
}

/** Makes links to files of the repository that are no pages here texts, with the path as their title. */
function outside({ tokens }: { tokens: Token[] }): void {
  for (const { children } of tokens) {
    let left = false;
    for (const token of children ?? []) {
      const [, path] = /^(?:\.\/)?(?:\.\.\/)+((?:packages|tools|examples)\b.*)/.exec(token.attrGet('href') ?? '') ?? [];
      if (token.type === 'link_open' && path !== undefined) {
        left = true;
        token.tag = 'span';
        token.attrs = [['title', path]];
      } else if (token.type === 'link_close' && left) {
        left = false;
        token.tag = 'span';
      }
    }
  }
}
