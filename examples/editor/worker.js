// Go runs here, and the page stays quick.
import { check, fmt } from './editor.js';

addEventListener('message', ({ data: { format, text } }) => {
  try {
    const formatted = format ? fmt(text) : text;
    postMessage({ text: formatted, problems: check(formatted) });
  } catch {
    postMessage({ text, problems: check(text) });
  }
});
postMessage('ready');
