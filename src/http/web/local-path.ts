/** Where to go after a form: only to a page of ours, never to another host (`//host`, `/\host`). */
export function localPath(path: string, fallback: string): string {
  return /^\/(?![/\\])[^\s\\]*$/.test(path) ? path : fallback;
}
