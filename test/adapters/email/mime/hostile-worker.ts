/** Reads mails as the real thread does, and does what the words of a test's mail tell it to. */
import { answerTo, serveJobs } from '../../../../adapters/email/mime/mail-worker.js';

serveJobs((job) => {
  const said = Buffer.from(job.raw).toString('latin1');
  if (said.includes('HANG')) for (;;);
  if (said.includes('EAT')) eat();
  if (said.includes('EXIT')) process.exit(3);
  if (said.includes('THROW')) throw new Error('thrown beside the answer');
  return answerTo(job);
});

function eat(): never {
  const eaten: string[][] = [];
  for (;;) eaten.push(Array.from({ length: 100_000 }, (_, i) => `${i}`));
}
