export * from '../db/binary-array.js';
