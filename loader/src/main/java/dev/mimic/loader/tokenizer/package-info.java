/**
 * Text to ids and back, as the Rust library "tokenizers" of Hugging Face does it for byte pair encodings: the file
 * tokenizer.json, with the names of tokenizer_config.json. Loading is made to be quick in a cold JVM: the vocabulary and
 * the merges are scanned from the file's bytes into flat arrays, everything else goes through the JSON reader.
 */
package dev.mimic.loader.tokenizer;
