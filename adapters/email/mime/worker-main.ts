/** Entry of the worker thread. */
import { answerTo, serveJobs } from './mail-worker.js';

serveJobs(answerTo);
