package io.ltri.index.store;

import io.ltri.index.store.Manifest.FileEntry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a copy of a document asks of the store that it comes to: it keeps its id and its facts. */
final class CopyHost extends ImportHost {

  private final DocumentFacts facts;
  private final String published;
  private final boolean hidden;
  private final @Nullable Set<Integer> ranges;

  /**
   * @param ranges of layers that come; null: all
   */
  CopyHost(
      Catalog catalog,
      String account,
      DocumentFacts facts,
      String published,
      boolean hidden,
      @Nullable Set<Integer> ranges) {
    super(catalog, account);
    this.facts = facts;
    this.published = published;
    this.hidden = hidden;
    this.ranges = ranges;
  }

  @Override
  public String idFor(Manifest exported, Origin here) {
    return exported.id();
  }

  @Override
  public boolean keepsIds() {
    return true;
  }

  @Override
  public @Nullable Set<Integer> ranges() {
    return ranges;
  }

  @Override
  public void admit(Manifest manifest) throws IOException {
    Set<Integer> some = ranges;
    if (some == null) {
      super.admit(manifest);
    } else {
      admit(manifest.files(some).stream().mapToLong(FileEntry::bytes).sum());
    }
  }

  @Override
  public void prepare(Manifest manifest, Path folder) throws IOException {
    catalog.life.begin(manifest.id(), manifest.origin().tenant(), false);
    FactsFile.write(files(), folder, facts);
    PublicationMark.write(files(), folder, published);
    if (hidden) {
      Path target = documents().resolve(manifest.id());
      hide(new SealedDocument(manifest, target, files(), keys()));
    }
  }

  @Override
  public DocumentSummary list(SealedDocument document) throws IOException {
    String id = document.manifest().id();
    catalog.life.found(id, document.folder(), document.manifest().sealedAtMillis());
    if (hidden) {
      catalog.life.book().forget(id);
      return document.summary();
    }
    catalog.entries.put(id, new Entry.Sealed(document));
    return document.summary().with(catalog.life.book().of(id));
  }
}
