package io.ltri.index.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@link DocumentFacts} of all documents, in memory, and in {@code facts.json} for those that
 * are sealed. A change that somebody asked for is on the disk when it is answered; uses are written
 * down by {@link #flush}, for a look-up must not wait for a disk.
 */
final class LifeBook {

  private static final Logger LOG = LoggerFactory.getLogger(LifeBook.class);

  private static final class Page {

    private final AtomicReference<DocumentFacts> facts;
    private DocumentFacts written;

    /** Null while the document is being built. */
    private final @Nullable Path folder;

    private final boolean ephemeral;

    /** Its file is not written any more. */
    private boolean leaving;

    Page(DocumentFacts facts, @Nullable Path folder, boolean ephemeral) {
      this.facts = new AtomicReference<>(facts);
      this.written = facts;
      this.folder = folder;
      this.ephemeral = ephemeral;
    }

    DocumentFacts get() {
      return Objects.requireNonNull(facts.get());
    }
  }

  private final FileLayer files;
  private final LongSupplier clock;

  /** Held while a file is written: one at a time, so that little is written beyond a limit. */
  private final ReentrantLock writing = new ReentrantLock();

  private final Map<String, Page> pages = new ConcurrentHashMap<>();

  LifeBook(FileLayer files, LongSupplier clock) {
    this.files = files;
    this.clock = clock;
  }

  /** A document begins to be built. */
  void begin(String id, String tenant, boolean ephemeral) {
    pages.put(id, new Page(DocumentFacts.of(tenant, clock.getAsLong()), null, ephemeral));
  }

  /**
   * A build was found at the start.
   *
   * @param usedAtMillis when it was last gone on with
   */
  void foundBuild(String id, String tenant, long usedAtMillis) {
    pages.put(id, new Page(DocumentFacts.of(tenant, usedAtMillis), null, false));
  }

  /**
   * A sealed document was found at the start. Without its file it never expires; with a damaged one
   * it is also pinned, for it may have been.
   */
  DocumentFacts found(String id, Path folder, long sealedAtMillis) throws IOException {
    DocumentFacts facts = FactsFile.read(folder);
    if (facts == null) {
      boolean damaged = FactsFile.isThere(folder);
      facts = new DocumentFacts("", sealedAtMillis, 0, 0, damaged, Map.of(), 0);
      if (damaged) {
        LOG.warn(
            "document {}: {} is damaged: its tenant, labels and end are lost, and it is pinned until it is updated",
            id,
            FactsFile.FILE);
      }
    }
    Path unfinished = folder.resolve(FactsFile.UNFINISHED);
    if (Files.exists(unfinished)) {
      files.delete(unfinished);
    }
    pages.put(id, new Page(facts, folder, false));
    return facts;
  }

  /** Writes what a seal says into the folder that is about to become the document. */
  DocumentFacts prepareSeal(String id, Path folder, SealFacts seal) throws IOException {
    DocumentFacts facts = of(id).sealed(seal, clock.getAsLong());
    FactsFile.write(files, folder, facts);
    return facts;
  }

  void sealed(String id, Path folder, DocumentFacts facts) {
    pages.put(id, new Page(facts, folder, false));
  }

  /** Of a document that nothing is known of: {@link DocumentFacts#NONE}. */
  DocumentFacts of(String id) {
    Page page = pages.get(id);
    return page == null ? DocumentFacts.NONE : page.get();
  }

  /** It was read, or appended to. */
  void used(String id) {
    Page page = pages.get(id);
    if (page != null) {
      long now = clock.getAsLong();
      page.facts.updateAndGet(facts -> facts.isExpired(now) ? facts : facts.used(now));
    }
  }

  /**
   * @throws DocumentNotFoundException when its time is over, though it is not yet removed
   */
  void requireAlive(String id) {
    if (isExpired(id)) {
      throw new DocumentNotFoundException(
          "there is no document %s any more: it expired".formatted(id));
    }
  }

  boolean isExpired(String id) {
    return of(id).isExpired(clock.getAsLong());
  }

  List<String> expired() {
    return pages.keySet().stream().filter(this::isExpired).toList();
  }

  /**
   * Changes the facts and their file.
   *
   * @throws IOException and then they are as they were
   */
  void change(String id, FactsChange change) throws IOException {
    Page page = pages.get(id);
    if (page == null || page.folder == null) {
      throw new WrongStateException(
          "document %s can not be updated: it is not sealed".formatted(id));
    }
    writing.lock();
    try {
      if (page.leaving) {
        throw new DocumentNotFoundException("document %s was deleted".formatted(id));
      }
      long now = clock.getAsLong();
      DocumentFacts wanted = page.get().changed(change, now);
      FactsFile.write(files, page.folder, wanted);
      page.written = wanted;
      // Uses that came while it was written are kept.
      page.facts.updateAndGet(
          facts ->
              facts.lastUsedAtMillis() > wanted.lastUsedAtMillis() ? wanted.used(now) : wanted);
    } finally {
      writing.unlock();
    }
  }

  /**
   * Takes over what is said of it elsewhere; a later use here counts.
   *
   * @return what is said of it now
   */
  DocumentFacts adopt(String id, DocumentFacts shared) throws IOException {
    Page page = pages.get(id);
    if (page == null || page.folder == null) {
      return shared;
    }
    writing.lock();
    try {
      DocumentFacts now =
          page.facts.updateAndGet(
              here ->
                  here.lastUsedAtMillis() > shared.lastUsedAtMillis()
                      ? shared.used(here.lastUsedAtMillis())
                      : shared);
      if (!page.leaving && !now.equals(page.written)) {
        FactsFile.write(files, page.folder, now);
        page.written = now;
      }
      return now;
    } finally {
      writing.unlock();
    }
  }

  /** Bytes by which a change would lengthen the file. */
  long growth(String id, FactsChange change) {
    DocumentFacts facts = of(id);
    return FactsFile.toJson(facts.changed(change, clock.getAsLong())).length
        - FactsFile.toJson(facts).length;
  }

  /** Writes down the uses since the last time. What can not be written is kept for the next. */
  void flush() {
    for (Map.Entry<String, Page> entry : pages.entrySet()) {
      Page page = entry.getValue();
      writing.lock();
      try {
        DocumentFacts facts = page.get();
        if (page.folder != null && !page.leaving && !facts.equals(page.written)) {
          FactsFile.write(files, page.folder, facts);
          page.written = facts;
        }
      } catch (IOException e) {
        LOG.warn(
            "the last use of document {} could not be written down: {}",
            entry.getKey(),
            e.toString());
      } finally {
        writing.unlock();
      }
    }
  }

  /** Its folder is about to go: the file is not written any more. */
  void leave(String id) {
    leave(id, true);
  }

  /** It did not go after all. */
  void stay(String id) {
    leave(id, false);
  }

  private void leave(String id, boolean leaving) {
    Page page = pages.get(id);
    if (page != null) {
      writing.lock();
      page.leaving = leaving;
      writing.unlock();
    }
  }

  boolean isEphemeral(String id) {
    Page page = pages.get(id);
    return page != null && page.ephemeral;
  }

  List<String> ephemeral() {
    return pages.keySet().stream().filter(this::isEphemeral).toList();
  }

  void forget(String id) {
    pages.remove(id);
  }
}
