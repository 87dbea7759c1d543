/** Mails as citizens write them: text and HTML, of a few kilobytes, each different; some with a photograph. */
import { randomBytes } from 'node:crypto';

const LINE =
  'Lampu jalan di depan pasar padam sejak tiga malam, mohon segera diperbaiki karena rawan kecelakaan.';

export function smallMail(id: number): string {
  const text = Array.from({ length: 12 + (id % 17) }, (_, line) => `${line + 1}. ${LINE}`).join('\r\n');
  const html = text.split('\r\n').map((line) => `<p>${line}</p>`);
  return [
    ...head(id, `multipart/alternative; boundary="b${id}"`),
    `--b${id}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    text,
    `--b${id}`,
    'Content-Type: text/html; charset=utf-8',
    '',
    `<html><body>${html.join('\r\n')}</body></html>`,
    `--b${id}--`,
    '',
  ].join('\r\n');
}

/** `bytes` of attachment, in base64 as it travels. */
export function bigMail(id: number, bytes: number): string {
  const file = randomBytes(bytes).toString('base64').replaceAll(/.{76}/g, '$&\r\n');
  return [
    ...head(id, `multipart/mixed; boundary="b${id}"`),
    `--b${id}`,
    'Content-Type: text/plain; charset=utf-8',
    '',
    LINE,
    `--b${id}`,
    'Content-Type: image/jpeg; name="foto.jpg"',
    'Content-Disposition: attachment; filename="foto.jpg"',
    'Content-Transfer-Encoding: base64',
    '',
    file,
    `--b${id}--`,
    '',
  ].join('\r\n');
}

function head(id: number, contentType: string): string[] {
  return [
    'Return-Path: <warga@example.com>',
    'Received: from mail.example.com (mail.example.com [192.0.2.1]) by mx.ambon.example; Mon, 23 Nov 2026 08:00:00 +0900',
    `Message-ID: <m${id}@warga.example>`,
    `From: "Warga ${id}" <warga${id}@example.com>`,
    'To: tabea@ambon.example',
    `Subject: Lampu jalan padam ${id}`,
    'Date: Mon, 23 Nov 2026 08:00:00 +0900',
    'MIME-Version: 1.0',
    `Content-Type: ${contentType}`,
    '',
  ];
}
