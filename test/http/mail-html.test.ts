/** What is left of a mail's HTML. The fences behind it are tested in a browser: mail-frame.test. */
import { performance } from 'node:perf_hooks';
import { describe, expect, test } from '@jest/globals';
import { cleanMailHtml, contentIdsIn } from '../../src/http/files/mail-html.js';

const PICTURE = 'data:image/png;base64,AAAA';
const clean = (html: string, outsidePictures = false) =>
  cleanMailHtml(html, { outsidePictures, inline: new Map([['foto 1@a', PICTURE]]), pictureWord: 'gambar' });

describe('what runs, loads or covers is gone', () => {
  test.each([
    ['<img src=x onerror=alert(1)>', '<span>[gambar]</span>'],
    ['<script>alert(1)</script>teks', 'teks'],
    [
      '<a href="javascript:alert(1)">klik</a>',
      '<a target="_blank" rel="noopener noreferrer nofollow">klik</a>',
    ],
    [
      '<a href="java\tscript:alert(1)">klik</a>',
      '<a target="_blank" rel="noopener noreferrer nofollow">klik</a>',
    ],
    ['<a href="//jahat.example">klik</a>', '<a target="_blank" rel="noopener noreferrer nofollow">klik</a>'],
    [
      '<a href="data:text/html,<script>1</script>">k</a>',
      '<a target="_blank" rel="noopener noreferrer nofollow">k</a>',
    ],
    ['<p style="background:url(https://jejak.example/x)">a</p>', '<p>a</p>'],
    ['<p style="background-image:url(x);color:red">a</p>', '<p style="color:red">a</p>'],
    ['<div style="position:fixed;top:0;width:100%">a</div>', '<div style="width:100%">a</div>'],
    ['<div style="margin-top:-500px">a</div>', '<div>a</div>'],
    ['<style>body{background:url(https://jejak.example)}</style>a', 'a'],
    ['<meta http-equiv="refresh" content="0;url=https://jahat.example">a', 'a'],
    ['<base href="https://jahat.example/">a', 'a'],
    ['<link rel="stylesheet" href="https://jahat.example/a.css">a', 'a'],
    ['<form action="https://jahat.example"><input name=p><button>Kirim</button></form>a', 'a'],
    ['<svg onload=alert(1)><script>alert(1)</script></svg>a', 'a'],
    ['<math><mtext><img src=x onerror=alert(1)></mtext></math>a', 'a'],
    ['<iframe src="https://jahat.example"></iframe>a', 'a'],
    ['<object data="a.swf"></object><embed src="a.swf">a', 'a'],
    ['<img src="data:image/svg+xml;base64,AAAA">', '<span>[gambar]</span>'],
    ['<p onclick="alert(1)" id="a" class="b" name="c">a</p>', '<p>a</p>'],
    ['<video src="https://jejak.example/v"></video>a', 'a'],
    [
      '<table background="https://jejak.example/b"><tr><td>a</td></tr></table>',
      '<table><tr><td>a</td></tr></table>',
    ],
    ['<!--[if mso]><img src=x onerror=alert(1)><![endif]-->a', 'a'],
    ['<noscript><p title="</noscript><img src=x onerror=alert(1)>">', ''],
  ])('%s', (html, wanted) => {
    expect(clean(html).trim()).toBe(wanted);
  });
});

describe('what text needs stays', () => {
  test.each([
    ['<p dir="rtl">a <b>b</b> <i>c</i></p>'],
    ['<ul><li>satu</li></ul>'],
    ['<table border="1" width="100%"><tr><td colspan="2" style="padding:4px 8px">a</td></tr></table>'],
    ['<blockquote style="margin:0 0 0 12px;border-left:2px solid #ccc">a</blockquote>'],
    ['<span style="font-size:14px;font-family:Arial, sans-serif;color:#1f497d">a</span>'],
  ])('%s', (html) => {
    expect(clean(html)).toBe(html);
  });

  test('links open elsewhere and know nothing of us', () => {
    expect(clean('<a href="https://ambon.go.id/a?b=1&amp;c=2" target="_top" rel="opener">a</a>')).toBe(
      '<a href="https://ambon.go.id/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer nofollow">a</a>',
    );
  });
});

describe('pictures', () => {
  const outside = '<img src="https://jejak.example/a.png" alt="Logo" width="40" onload="alert(1)">';

  test('from outside are left out until they are asked for, and only over https', () => {
    expect(clean(outside)).toBe('<span>[Logo]</span>');
    expect(clean(outside, true)).toBe('<img alt="Logo" width="40" src="https://jejak.example/a.png" />');
    expect(clean('<img src="http://jejak.example/a.png">', true)).toBe('<span>[gambar]</span>');
    expect(clean('<img src="https://jejak.example/p.gif" width="1" height="1">a')).toBe('<span></span>a');
  });

  test('that came along are shown, by their Content-ID', () => {
    const html = '<img src="cid:foto%201@a"><img src="CID:lain@a">';
    expect(clean(html)).toBe(`<img src="${PICTURE}" /><span>[gambar]</span>`);
    expect([...contentIdsIn(html)]).toEqual(['foto 1@a', 'lain@a']);
    expect([...contentIdsIn('cid:%zz')]).toEqual(['%zz']);
  });
});

test.each([
  ['tags a thousand deep', '<div>'.repeat(200_000)],
  ['a bold that never ends', '<b>a'.repeat(200_000)],
  ['a style on every word', '<i style="color:red;margin:1px 2px">a</i>'.repeat(20_000)],
  ['two hundred deep, and many beside each other', `${'<div>'.repeat(200)}${'<b>a</b>'.repeat(100_000)}`],
  ['paragraphs that never end', '<p>a'.repeat(200_000)],
  ['closings without openings', '<div></i></b>'.repeat(80_000)],
  ['cells that never end', '<td><p><li>'.repeat(80_000)],
  ['broken entities', '&#x'.repeat(300_000)],
  ['one long style', `<p style="${'color:red;'.repeat(90_000)}">a</p>`],
  ['one long word in a style', `<p style="font-family:${'a,'.repeat(400_000)}">a</p>`],
  ['one long border', `<p style="border:${'solid '.repeat(100_000)}!">a</p>`],
  ['quotes without end', `<img src="${'x'.repeat(900_000)}`],
  ['cid without end', 'cid:'.repeat(240_000)],
])('%s: cleaned in bounded time', (_what, html) => {
  const start = performance.now();
  clean(html);
  contentIdsIn(html);
  expect(performance.now() - start).toBeLessThan(3_000);
});
