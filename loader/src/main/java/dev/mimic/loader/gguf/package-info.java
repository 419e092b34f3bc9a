/** GGUF files: reading, dequantization of their block formats, and import to a Hugging Face folder. */
package dev.mimic.loader.gguf;
