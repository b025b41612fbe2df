package io.ltri.index.store;

import java.io.IOException;
import java.nio.file.Path;

/** What a copy of a document asks of the store that it comes to: it keeps its id and its facts. */
final class CopyHost extends ImportHost {

  private final DocumentFacts facts;
  private final String published;
  private final boolean hidden;

  CopyHost(Catalog catalog, String account, DocumentFacts facts, String published, boolean hidden) {
    super(catalog, account);
    this.facts = facts;
    this.published = published;
    this.hidden = hidden;
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
