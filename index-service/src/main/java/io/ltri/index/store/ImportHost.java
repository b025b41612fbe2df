package io.ltri.index.store;

import io.ltri.index.cipher.TenantKeys;
import io.ltri.placement.Shards;
import java.io.IOException;
import java.nio.file.Path;

/** What an import asks of the store. */
class ImportHost implements ImportedDocuments.Host {

  final Catalog catalog;

  /** Under which its bytes are counted until the documents come to their places. */
  private final String account;

  ImportHost(Catalog catalog, String account) {
    this.catalog = catalog;
    this.account = account;
  }

  @Override
  public FileLayer files() {
    return catalog.files;
  }

  @Override
  public TenantKeys keys() {
    return catalog.settings.keys();
  }

  @Override
  public Path documents() {
    return catalog.documents;
  }

  @Override
  public String idFor(Manifest exported, Origin here) {
    return catalog.newId(here.parentId(), Shards.replicas(exported.id()));
  }

  @Override
  public void admit(Manifest manifest) throws IOException {
    admit(manifest.bytes());
  }

  final void admit(long bytes) throws IOException {
    catalog.life.accounts().require(account, bytes, bytes);
  }

  @Override
  public void prepare(Manifest manifest, Path folder) throws IOException {
    catalog.life.begin(manifest.id(), manifest.origin().tenant(), false);
    DocumentFacts unused = catalog.life.book().prepareSeal(manifest.id(), folder, SealFacts.NONE);
  }

  @Override
  public void hide(SealedDocument document) throws IOException {
    catalog.lineage.hide(document.manifest().id(), document);
  }

  @Override
  public void forget(String id) {
    catalog.lineage.purged(id);
    catalog.life.abandon(id);
  }

  @Override
  public DocumentSummary list(SealedDocument document) throws IOException {
    String id = document.manifest().id();
    catalog.life.found(id, document.folder(), document.manifest().sealedAtMillis());
    catalog.entries.put(id, new Entry.Sealed(document));
    catalog.publication.sealed(id);
    return catalog.summary(id);
  }

  @Override
  public void end() {
    catalog.life.abandon(account);
  }

  @Override
  public void deleteQuietly(Path path) {
    catalog.deleteQuietly(path);
  }
}
