const editor = document.querySelector('textarea');
const button = document.querySelector('button');
const list = document.querySelector('ul');
const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });

const send = (format) => worker.postMessage({ format, text: editor.value });
worker.onmessage = ({ data }) => {
  if (data === 'ready') {
    button.disabled = false;
    send(false);
    return;
  }
  if (editor.value !== data.text) editor.value = data.text;
  const items = data.problems.map(({ line, column, message }) => {
    const item = document.createElement('li');
    item.textContent = `${line}:${column}: ${message}`;
    return item;
  });
  list.replaceChildren(...items);
};
editor.oninput = () => send(false);
button.onclick = () => send(true);
