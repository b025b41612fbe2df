package io.ltri.index.store;

import io.ltri.index.store.Manifest.FileEntry;
import io.ltri.index.store.Manifest.LayerCounts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a sealed document of one that was built: span tables, vectors and tail beside the blocks,
 * the manifest last, then one rename. One thread.
 */
final class Sealing implements SealSession {

  private static final Logger LOG = LoggerFactory.getLogger(Sealing.class);

  private final Catalog catalog;
  private final BuildingDocument document;

  /** Encrypts, if the document is. */
  private final FileLayer layer;

  private final TailFile.Writer tail;
  private boolean finished;

  /** The document takes no appends from here on, unless nothing comes of it. */
  private Sealing(Catalog catalog, BuildingDocument document) throws IOException {
    this.catalog = catalog;
    this.document = document;
    this.layer = EncryptedFiles.of(catalog.files, document.cipher(), "");
    this.tail = new TailFile.Writer(layer, document.folder());
  }

  /**
   * @param promote an ephemeral document is to become a listed one
   */
  static SealSession begin(Catalog catalog, BuildingDocument document, boolean promote) {
    document.beginSeal(promote);
    // What an earlier attempt could not delete.
    deleteSealFiles(catalog, document);
    try {
      return new Sealing(catalog, document);
    } catch (IOException e) {
      undo(catalog, document);
      throw DocumentStore.failure("seal document " + document.id(), e);
    }
  }

  @Override
  public void tail(String section, ByteBuffer data) {
    try {
      tail.write(section, data);
    } catch (IOException e) {
      throw DocumentStore.failure("write the tail of document " + document.id(), e);
    }
  }

  @Override
  public DocumentSummary finish(
      Map<String, String> attributes, @Nullable SearchMode mode, SealFacts facts) {
    Path target = catalog.documents.resolve(document.id());
    try {
      DocumentFacts kept = catalog.life.book().prepareSeal(document.id(), document.folder(), facts);
      Manifest manifest = writeAll(attributes, mode);
      catalog.files.move(document.folder(), target);
      forceMove(target);
      finished = true;
      SealedDocument sealed =
          new SealedDocument(manifest, target, catalog.files, catalog.settings.keys());
      catalog.life.book().sealed(document.id(), target, kept);
      catalog.entries.put(document.id(), new Entry.Sealed(sealed));
      document.release();
      catalog.deleteQuietly(document.scratchFolder());
      catalog.publication.sealed(document.id());
      return sealed.summary().with(kept);
    } catch (IOException e) {
      throw DocumentStore.failure("seal document " + document.id(), e);
    }
  }

  /**
   * A rename that may not survive a power failure is taken back, so that the caller can seal again.
   */
  private void forceMove(Path target) throws IOException {
    try {
      catalog.files.forceFolder(catalog.documents);
      catalog.files.forceFolder(catalog.documents.resolve(Catalog.BUILDING));
    } catch (IOException e) {
      try {
        catalog.files.move(target, document.folder());
      } catch (IOException stuck) {
        LOG.warn(
            "document {} is sealed, but a power failure in the next seconds may undo it: {}",
            document.id(),
            e.toString());
        return;
      }
      throw e;
    }
  }

  private Manifest writeAll(Map<String, String> added, @Nullable SearchMode asked)
      throws IOException {
    Path folder = document.folder();
    Map<String, String> attributes = new HashMap<>(document.attributes());
    attributes.putAll(added);
    List<String> written = new ArrayList<>();
    List<FileEntry> digests;
    List<LayerCounts> counts = new ArrayList<>();
    SearchMode mode;
    try (OpenDocument source = Objects.requireNonNull(document.open())) {
      int vectors = 0;
      for (int layer = 0; layer < document.layout().layers(); layer++) {
        LayerView view = source.layer(layer);
        long tokens = 0;
        for (int span = 0; span < view.spanCount(); span++) {
          tokens += view.end(span) - view.start(span);
        }
        counts.add(new LayerCounts(view.spanCount(), view.vectorCount(), tokens));
        vectors = Math.max(vectors, view.vectorCount());
      }
      mode =
          asked != null
              ? asked
              : vectors >= catalog.settings.graphFromVectors() ? SearchMode.GRAPH : SearchMode.SCAN;
      LayerRange[] ranges = LayerRange.of(document.layout().layers(), document.layersPerFile());
      document.forceBlocks();
      for (LayerRange range : ranges) {
        written.add(range.blockFile());
        written.add(SpanTable.write(layer, folder, range, source));
      }
      written.addAll(
          VectorFolder.write(
              catalog.files,
              document.cipher(),
              folder,
              source,
              mode,
              catalog.settings.luceneBufferMegabytes()));
      written.add(tail.finish());
      tail.close();
      document.boundaries().forEach(boundary -> written.add(boundary.file()));
      digests =
          FileDigests.of(
              folder,
              written,
              source,
              ranges,
              StoredParts.of(document.layout(), document.cipher()));
    }
    Manifest manifest =
        new Manifest(
            document.id(),
            document.layout(),
            Map.copyOf(attributes),
            document.createdAtMillis(),
            System.currentTimeMillis(),
            mode,
            document.layersPerFile(),
            List.copyOf(counts),
            digests,
            document.boundaries(),
            document.origin(),
            document.encryption());
    manifest.write(catalog.files, folder);
    return manifest;
  }

  @Override
  public void close() {
    try {
      tail.close();
    } catch (IOException e) {
      LOG.debug("a tail could not be closed: {}", e.toString());
    }
    if (!finished) {
      finished = true;
      undo(catalog, document);
    }
  }

  /** Removes what a seal has written so far, and lets the document be appended to again. */
  private static void undo(Catalog catalog, BuildingDocument document) {
    deleteSealFiles(catalog, document);
    document.resume();
  }

  private static void deleteSealFiles(Catalog catalog, BuildingDocument document) {
    Path folder = document.folder();
    catalog.deleteQuietly(folder.resolve(TailFile.FILE));
    catalog.deleteQuietly(folder.resolve(VectorFolder.FOLDER));
    catalog.deleteQuietly(folder.resolve(Manifest.FILE));
    catalog.deleteQuietly(folder.resolve(Manifest.UNFINISHED));
    catalog.deleteQuietly(folder.resolve(FactsFile.FILE));
    catalog.deleteQuietly(folder.resolve(FactsFile.UNFINISHED));
    for (LayerRange range : LayerRange.of(document.layout().layers(), document.layersPerFile())) {
      catalog.deleteQuietly(folder.resolve(range.spanTable()));
    }
  }
}
