export { bind } from '@go-wasm/runtime/bind';
