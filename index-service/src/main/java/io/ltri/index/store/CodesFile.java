package io.ltri.index.store;

import io.ltri.index.store.LayerView.CodeRun;
import io.ltri.index.store.Manifest.LayerCounts;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The codes of all summary vectors of a sealed document (see {@link SummaryCodes}), in Lucene's
 * folder but not Lucene's. A document that was sealed before there was such a file has none; its
 * codes are made when it is opened.
 *
 * <pre>
 *  0 long magic     12 int layers      20 int head dim         64 the blocks of layer 0, KV head 0, then those of
 *  8 int  version   16 int KV heads    24 (40 bytes, zero)        layer 0, KV head 1, and so on
 * </pre>
 */
final class CodesFile {

  /** Named so that an older version takes it for one of Lucene's, and does without it. */
  static final String NAME = VectorFolder.FOLDER + "/summaries.codes";

  /** "LTRICODE", as it reads in the file. */
  private static final long MAGIC = 0x45444f43_4952544cL;

  private static final int VERSION = 1;
  private static final int HEADER_BYTES = 64;

  private CodesFile() {}

  /** Writes the file and forces it to the disk. */
  static void write(FileLayer files, Path document, OpenDocument source) throws IOException {
    DocumentLayout layout = source.layout();
    try (SequentialFile out = new SequentialFile(files, document.resolve(NAME))) {
      out.room(HEADER_BYTES)
          .putLong(MAGIC)
          .putInt(VERSION)
          .putInt(layout.layers())
          .putInt(layout.kvHeads())
          .putInt(layout.headDim())
          .put(new byte[HEADER_BYTES - 24]);
      for (int layer = 0; layer < layout.layers(); layer++) {
        LayerView view = source.layer(layer);
        for (int head = 0; head < layout.kvHeads(); head++) {
          writeField(out, view, head, layout);
        }
      }
      out.force();
    }
  }

  private static void writeField(
      SequentialFile out, LayerView view, int head, DocumentLayout layout) throws IOException {
    int blockBytes = SummaryCodes.blockBytes(layout.headDim());
    for (CodeRun run : view.codes(head)) {
      for (int first = 0; first < run.count(); first += SummaryCodes.BLOCK) {
        int columns = Math.min(SummaryCodes.BLOCK, run.count() - first);
        MemorySegment block =
            run.blocks().asSlice((long) (first / SummaryCodes.BLOCK) * blockBytes, blockBytes);
        byte[] bytes = block.toArray(ValueLayout.JAVA_BYTE);
        clear(MemorySegment.ofArray(bytes), columns, layout.headDim());
        out.write(bytes);
      }
    }
  }

  /** Zeros behind the last vector: nothing else gets into a file by chance. */
  private static void clear(MemorySegment block, int columns, int headDim) {
    for (int column = columns; column < SummaryCodes.BLOCK; column++) {
      block.set(Bytes.FLOAT, (long) column * Float.BYTES, 0);
    }
    for (int d = 0; d < headDim && columns < SummaryCodes.BLOCK; d++) {
      block
          .asSlice(
              SummaryCodes.CODES + (long) d * SummaryCodes.BLOCK + columns,
              SummaryCodes.BLOCK - columns)
          .fill((byte) 0);
    }
  }

  /** Null when the file fits the manifest, else what does not. */
  static @Nullable String problem(MemorySegment file, Manifest manifest) {
    DocumentLayout layout = manifest.layout();
    long bytes = HEADER_BYTES;
    for (LayerCounts layer : manifest.layers()) {
      bytes += layout.kvHeads() * SummaryCodes.bytes(layer.vectors(), layout.headDim());
    }
    if (file.byteSize() < HEADER_BYTES || file.get(Bytes.LONG, 0) != MAGIC) {
      return "it holds no codes of summary vectors";
    }
    if (file.get(Bytes.INT, 8) != VERSION) {
      return "it has version %d; this service reads version %d"
          .formatted(file.get(Bytes.INT, 8), VERSION);
    }
    return file.byteSize() == bytes
            && file.get(Bytes.INT, 12) == layout.layers()
            && file.get(Bytes.INT, 16) == layout.kvHeads()
            && file.get(Bytes.INT, 20) == layout.headDim()
        ? null
        : "it does not fit the manifest";
  }

  /** The blocks of a layer and KV head in a file that fits the manifest. */
  static MemorySegment field(MemorySegment file, Manifest manifest, int layer, int kvHead) {
    DocumentLayout layout = manifest.layout();
    long at = HEADER_BYTES;
    for (int i = 0; i < layer; i++) {
      at +=
          layout.kvHeads()
              * SummaryCodes.bytes(manifest.layers().get(i).vectors(), layout.headDim());
    }
    long bytes = SummaryCodes.bytes(manifest.layers().get(layer).vectors(), layout.headDim());
    return file.asSlice(at + kvHead * bytes, bytes);
  }
}
