package io.ltri.benchmarks.system;

import java.nio.file.Path;

/**
 * A text to read.
 *
 * @param length in tokens, as it was asked for
 * @param name for titles and file names
 * @param file with the text
 */
record Text(int length, String name, String content, Path file) {}
