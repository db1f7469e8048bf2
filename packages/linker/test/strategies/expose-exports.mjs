// For --import: gives programs the exports of the module that runs, as goExports.
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...args) => {
  const result = await instantiate(...args);
  globalThis.goExports = (result.instance ?? result).exports;
  return result;
};
