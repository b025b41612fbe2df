package io.ltri.edge.access;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.concurrent.TimeUnit;

/** What tells one state of a file from another without reading it. */
record FileState(long modifiedNanos, long size, String key) {

  static FileState of(Path file) throws IOException {
    BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
    return new FileState(
        found.lastModifiedTime().to(TimeUnit.NANOSECONDS),
        found.size(),
        String.valueOf(found.fileKey()));
  }
}
