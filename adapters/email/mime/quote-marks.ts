/** How mail programs mark what they quote: Gmail, Outlook, Apple, Thunderbird, Yahoo, in several languages. */

/** Longer lines are prose. */
const MAX_MARK = 400;
/** A mark that a client has wrapped. */
const WRAPPED_LINES = 4;

const OPENING = /^\s*(?:-{2,3}\s*)?(?:On|Pada|Am|Le|El|Op|Em|Dne|Den|Il)\b/i;
const CLOSING =
  /(?:wrote|menulis|menuliskan|schrieb|a écrit|escribió|schreef|escreveu|ha scritto|skrev)(?:\s+sebagai berikut)?\s*:\s*$/i;
/** "Budi <budi@x.example> menulis:" and "2026-11-23 10:00 GMT+09:00 Budi <…>:" */
const ADDRESSED = /<[^<>\s@]+@[^<>\s@]+>\s*(?:wrote|menulis)?\s*:\s*$/i;

/**
 * The index of the last line of "Pada Sen, 23 Nov 2026 pukul 10.00 Budi <…> menulis:" where it begins at
 * `start`. A sentence of the citizen's own may look like it, so it needs a digit and something more: an
 * address, a time of day, or quoted lines below.
 */
export function attributionEnd(lines: readonly string[], start: number): number | undefined {
  const first = lines[start] ?? '';
  if (first.length > MAX_MARK || first.trim() === '') return undefined;
  if (first.startsWith('>') || !(OPENING.test(first) || ADDRESSED.test(first))) return undefined;
  let mark = '';
  for (let end = start; end < Math.min(lines.length, start + WRAPPED_LINES); end++) {
    const line = lines[end] ?? '';
    if (line.trim() === '' || line.length > MAX_MARK) return undefined;
    mark = `${mark} ${line.trim()}`;
    if (!CLOSING.test(mark) && !ADDRESSED.test(mark)) continue;
    return isBelievable(mark, lines, end) ? end : undefined;
  }
  return undefined;
}

function isBelievable(mark: string, lines: readonly string[], end: number): boolean {
  if (!/\d/.test(mark)) return false;
  if (/[^\s@]@[^\s@]/.test(mark) || /\b\d{1,2}[.:]\d{2}\b/.test(mark)) return true;
  const next = lines.slice(end + 1, end + 4).find((line) => line.trim() !== '');
  return next !== undefined && /^ ?>/.test(next);
}

const FROM = /^[\s*>]*(?:From|Dari|Von|De|Van)\s*\*?\s*:\s*\*?\s*\S/i;
const OTHER =
  /^[\s*>]*(?:Sent|Date|To|Cc|Subject|Dikirim|Terkirim|Tanggal|Waktu|Kepada|Ke|Untuk|Tembusan|Subjek|Perihal|Hal|Gesendet|An|Betreff|Envoyé|À|Objet|Enviado|Para|Asunto)\s*\*?\s*:/i;
/** Headers that a block has beside its first line, and lines in which they must stand (addresses wrap). */
const OTHERS_NEEDED = 2;
const BLOCK_LINES = 8;

/** "Dari: … / Dikirim: … / Kepada: … / Subjek: …", with which Outlook and telephones begin the history. */
export function isReplyBlock(lines: readonly string[], start: number): boolean {
  if (!isShort(lines[start]) || !FROM.test(lines[start] ?? '')) return false;
  let others = 0;
  for (const line of lines.slice(start + 1, start + 1 + BLOCK_LINES)) {
    if (isShort(line) && OTHER.test(line)) others++;
  }
  return others >= OTHERS_NEEDED;
}

/** A line that says that the earlier mail follows. */
export function isSeparator(line: string): boolean {
  return (
    isShort(line) &&
    /^\s*-{2,}\s*(?:Original Message|Original Appointment|Pesan Asli|Pesan Orisinal|Ursprüngliche Nachricht|Message d'origine|Mensaje original)\s*-{2,}\s*$/i.test(
      line,
    )
  );
}

/** A line below which somebody else's mail is passed on. */
export function isForward(line: string): boolean {
  if (!isShort(line)) return false;
  return (
    /^\s*-{2,}\s*(?:Forwarded message|Forwarded by .{0,80}|Pesan terusan|Pesan yang diteruskan|Pesan Diteruskan)\s*-{2,}\s*$/i.test(
      line,
    ) ||
    /^\s*(?:Begin forwarded message|Awal pesan terusan|Mulai pesan terusan|Mulai pesan yang diteruskan)\s*:\s*$/i.test(
      line,
    )
  );
}

const MOBILE =
  /^\s*\[?(?:(?:Dikirim|Terkirim)\s+(?:dari|lewat|melalui|menggunakan)|Sent\s+(?:from|via|with|using)|Dapatkan\s+Outlook\s+untuk|Get\s+Outlook\s+for|Unduh\s+Outlook|Kirim\s+dari)\s+\S.{0,80}$/i;
/** The mark must name what a telephone or program is called: "Dikirim dari kantor lurah" is a citizen's. */
const DEVICE =
  /iPhone|iPad|Android|iOS|Samsung|Galaxy|Xiaomi|Redmi|OPPO|Vivo|Huawei|BlackBerry|Nokia|Windows|Outlook|Yahoo|Gmail|Mail\b|Proton|Thunderbird|Spark|ponsel|perangkat|telepon|smartphone|mobile|device|phone|tablet|HP\b/i;

/** "Dikirim dari iPhone saya", "Sent from Yahoo Mail on Android", "Dapatkan Outlook untuk Android". */
export function isMobileSignature(line: string): boolean {
  return isShort(line) && MOBILE.test(line) && DEVICE.test(line);
}

function isShort(line: string | undefined): boolean {
  return (line ?? '').length <= MAX_MARK;
}
