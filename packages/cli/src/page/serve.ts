/** What `go-wasm serve` adds to each page: it reloads the page when something has changed, and shows what does not compile. */
let shown: HTMLElement | undefined;
let version: number | undefined;

new EventSource('/.go-wasm/events').onmessage = ({ data }) => {
  const state: { version: number; error: string } = JSON.parse(data);
  // The server has been started again, or has built something: what is here is old.
  if (version !== undefined && version !== state.version && state.error === '') location.reload();
  version = state.version;
  shown?.remove();
  shown = undefined;
  if (state.error === '') return;
  shown = document.createElement('go-wasm-error');
  const pre = document.createElement('pre');
  pre.textContent = state.error;
  pre.style.cssText =
    'position:fixed;inset:0;z-index:2147483647;margin:0;padding:2em;overflow:auto;background:#1e1e1ef2;color:#ff8080;font:14px/1.5 monospace;white-space:pre-wrap';
  shown.append(pre);
  document.documentElement.append(shown);
};
