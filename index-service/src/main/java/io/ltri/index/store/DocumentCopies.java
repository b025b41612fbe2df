package io.ltri.index.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The sealed documents of a store as whole files: for who takes them elsewhere, and brings those of
 * others here, under the ids that they have.
 */
public final class DocumentCopies {

  private final Catalog catalog;

  DocumentCopies(Catalog catalog) {
    this.catalog = catalog;
  }

  /** Ids of those that can be found here, in order. */
  public Set<String> sealed() {
    Set<String> ids = new TreeSet<>();
    catalog.entries.forEach(
        (id, entry) -> {
          if (entry instanceof Entry.Sealed) {
            ids.add(id);
          }
        });
    return ids;
  }

  /** Ids of those whose manifest, or something that they stand on, can not be read. */
  public Set<String> unreadable() {
    Set<String> ids = new TreeSet<>();
    catalog.entries.forEach(
        (id, entry) -> {
          if (entry instanceof Entry.Damaged) {
            ids.add(id);
          }
        });
    return ids;
  }

  /** Whether it is here, hidden or not, readable or not; builds are not. */
  public boolean has(String id) {
    return isSealed(id) || catalog.isHidden(id);
  }

  /** Whether it can be found here, readable or not. */
  public boolean isSealed(String id) {
    Entry entry = catalog.entries.get(id);
    return entry instanceof Entry.Sealed || entry instanceof Entry.Damaged;
  }

  public boolean isHidden(String id) {
    return catalog.isHidden(id);
  }

  /** The documents that it stands on, the oldest first. */
  public List<String> ancestors(String id) {
    return catalog.ancestors(id);
  }

  private @Nullable SealedDocument document(String id) {
    SealedDocument hidden = catalog.lineage.get(id);
    return hidden != null
        ? hidden
        : catalog.entries.get(id) instanceof Entry.Sealed sealed ? sealed.document() : null;
  }

  /**
   * Its files.
   *
   * @throws DocumentNotFoundException when it is not here, or can not be read
   */
  public DocumentCopy copy(String id) {
    SealedDocument document = document(id);
    if (document == null) {
      throw catalog.notFound(id);
    }
    return DocumentCopy.of(document.manifest(), document.folder());
  }

  /**
   * What a manifest says of a document that is not here.
   *
   * @throws DataLossException when it is damaged, or that of another
   */
  public static DocumentCopy described(String id, byte[] manifest) {
    Manifest read = Manifest.fromJson(manifest, id, Path.of(id, Manifest.FILE));
    if (!read.id().equals(id)) {
      throw new DataLossException(
          "document %s: its manifest belongs to document %s".formatted(id, read.id()));
    }
    return DocumentCopy.of(read, Path.of(id));
  }

  /** What may change of it, as it is known here. */
  public DocumentFacts facts(String id) {
    return catalog.life.book().of(id);
  }

  /** Takes over what is said of it elsewhere; returns it, with a later use here. */
  public DocumentFacts adopt(String id, DocumentFacts shared) {
    try {
      return catalog.life.book().adopt(id, shared);
    } catch (IOException e) {
      throw DocumentStore.failure("update document " + id, e);
    }
  }

  /** Where it was published, as {@link #markPublished} was told; empty: nowhere. */
  public String published(String id) {
    SealedDocument document = document(id);
    if (document != null) {
      return PublicationMark.read(document.folder());
    }
    return catalog.entries.get(id) instanceof Entry.Damaged damaged
        ? PublicationMark.read(damaged.folder())
        : "";
  }

  /**
   * Writes down where it was published.
   *
   * @param place letters, digits and dashes
   */
  public void markPublished(String id, String place) {
    SealedDocument document = document(id);
    if (document == null) {
      return;
    }
    try {
      PublicationMark.write(catalog.files, document.folder(), place);
    } catch (IOException e) {
      if (document.isReleased()) {
        return;
      }
      throw DocumentStore.failure("write down that document " + id + " is published", e);
    }
  }

  /**
   * Begins to bring a document here.
   *
   * @param published where it is published
   * @param hidden it was deleted, but others stand on it
   * @param ranges of layers that are to come, of one that is split over nodes; null: it is not
   */
  public IncomingCopy bring(
      byte[] manifest,
      DocumentFacts facts,
      String published,
      boolean hidden,
      @Nullable Set<Integer> ranges) {
    String account = catalog.newId("", 0);
    Path folder = catalog.documents.resolve(Catalog.IMPORTING).resolve(account);
    catalog.life.begin(account, facts.tenant(), false);
    try {
      CopyHost host = new CopyHost(catalog, account, facts, published, hidden, ranges);
      return IncomingCopy.begin(new ImportedDocuments(host, "", folder), manifest, ranges);
    } catch (IOException e) {
      catalog.deleteQuietly(folder);
      catalog.life.abandon(account);
      throw DocumentStore.failure("bring a document here", e);
    }
  }

  /** Where files of a document come from. */
  public interface Source {
    InputStream open(CopiedFile file) throws IOException;
  }

  /** Whether it is split over nodes, by ranges of layers. */
  public boolean isSplit(String id) {
    SealedDocument document = document(id);
    return document != null && document.isSplit();
  }

  /** The ranges of layers of a document whose files lie here; of one that is not split, all. */
  public Set<Integer> ranges(String id) {
    SealedDocument document = document(id);
    if (document == null) {
      return Set.of();
    }
    try {
      return document.rangesHere();
    } catch (DataLossException e) {
      // Nothing of it can be served.
      return Set.of();
    } catch (IOException e) {
      throw DocumentStore.failure("read which layers of document " + id + " are here", e);
    }
  }

  /** Other nodes may have ranges of its layers from now on, too; all of them are here still. */
  public void split(String id) {
    change(
        id,
        document -> {
          if (!document.isSplit()) {
            RangesNote.write(catalog.files, document.folder(), document.rangesHere());
            document.reopen();
          }
        });
  }

  /**
   * Brings files of more ranges of layers of a document that is split.
   *
   * @throws DataLossException when these are not their bytes
   */
  public void addRanges(String id, Set<Integer> ranges, Source source) {
    change(id, document -> new MoreRanges(catalog, document).add(ranges, source));
  }

  /** Lets go of the files of other ranges of layers, of a document that is split. */
  public void keepOnly(String id, Set<Integer> ranges) {
    change(id, document -> new MoreRanges(catalog, document).keepOnly(ranges));
  }

  private interface Change {
    void of(SealedDocument document) throws IOException;
  }

  private void change(String id, Change change) {
    SealedDocument document = document(id);
    if (document == null) {
      throw catalog.notFound(id);
    }
    try {
      change.of(document);
    } catch (IOException e) {
      throw DocumentStore.failure("change which layers of document " + id + " are here", e);
    }
  }

  /**
   * Removes it from here, hidden when others stand on it.
   *
   * @param reason for the record
   * @return false when it was not here
   */
  public boolean remove(String id, DeletionReason reason) {
    if (!isSealed(id)) {
      return false;
    }
    try {
      long unused = catalog.life.remove(id, reason);
      return true;
    } catch (DocumentNotFoundException e) {
      return false;
    }
  }
}
