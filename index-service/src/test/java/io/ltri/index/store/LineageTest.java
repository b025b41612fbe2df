package io.ltri.index.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;

/** Documents that continue others. */
class LineageTest {

  private static final Contents TEXT = new Contents(7, 2, 0);

  @TempDir Path folder;

  private DocumentStore open() {
    return new DocumentStore(new StoreSettings(folder, 2, 500, 1), FileLayer.system());
  }

  private static NewDocument after(String parent, boolean ephemeral, String key) {
    return new NewDocument(Contents.LAYOUT, Map.of(), ephemeral, key, new Origin("", parent));
  }

  private static String sealed(DocumentStore store, String parent) {
    String id = store.create(after(parent, false, "")).id();
    TEXT.append(store, id, 0);
    TEXT.append(store, id, 1);
    TEXT.seal(store, id, false);
    return id;
  }

  private static void assertReadable(DocumentStore store, String... ids) {
    for (String id : ids) {
      assertThat(Contents.digest(store, id)).isEqualTo(TEXT.digest(2));
    }
  }

  private void assertGone(DocumentStore store, String... ids) {
    for (String id : ids) {
      assertThatThrownBy(() -> store.open(id)).isInstanceOf(DocumentNotFoundException.class);
      assertThatThrownBy(() -> store.delete(id)).isInstanceOf(DocumentNotFoundException.class);
      assertThat(folder.resolve("documents").resolve(id)).doesNotExist();
      assertThat(folder.resolve("documents/.hidden").resolve(id)).doesNotExist();
    }
  }

  @Test
  void deletedDocumentIsHiddenUntilTheLastThatStandsOnItIsGone() {
    String first;
    String second;
    String third;
    String sibling;
    try (DocumentStore store = open()) {
      first = sealed(store, "");
      second = sealed(store, first);
      third = sealed(store, second);
      sibling = sealed(store, second);
      assertThat(store.ancestors(third)).containsExactly(first, second);
      assertThat(store.ancestors(first)).isEmpty();
      assertThat(store.summary(third).origin().parentId()).isEqualTo(second);
      assertThat(store.delete(second)).isZero();
      assertThat(store.delete(first)).isZero();
      assertHidden(store, first, second);
    }
    for (int restart = 0; restart < 2; restart++) {
      try (DocumentStore store = open()) {
        assertHidden(store, first, second);
        assertThat(store.ancestors(third)).containsExactly(first, second);
        assertReadable(store, first, second, third, sibling);
      }
    }
    try (DocumentStore store = open()) {
      long withAll = store.figures().sizeBytes();
      assertThat(store.delete(third)).isPositive();
      assertHidden(store, first, second);
      long before = store.figures().sizeBytes();
      assertThat(before).isLessThan(withAll);
      try (OpenDocument reader = store.open(first)) {
        assertThat(store.delete(sibling)).isEqualTo(before);
        assertThat(store.figures().sizeBytes()).isZero();
        assertThat(reader.layer(0).spanCount()).isPositive();
      }
      assertGone(store, first, second, third, sibling);
    }
    try (DocumentStore store = open()) {
      assertThat(store.list(true)).isEmpty();
    }
  }

  private static void assertHidden(DocumentStore store, String... ids) {
    for (String id : ids) {
      assertThat(store.isHidden(id)).isTrue();
      assertThat(store.list(true)).extracting(DocumentSummary::id).doesNotContain(id);
      assertThatThrownBy(() -> store.summary(id)).isInstanceOf(DocumentNotFoundException.class);
      assertThatThrownBy(() -> store.delete(id)).isInstanceOf(DocumentNotFoundException.class);
      assertThatThrownBy(() -> store.create(after(id, false, "")))
          .isInstanceOf(DocumentNotFoundException.class);
      assertReadable(store, id);
    }
  }

  @Test
  void unfinishedAndEphemeralDocumentsHoldTheirParent() {
    String first;
    String second;
    try (DocumentStore store = open()) {
      first = sealed(store, "");
      second = sealed(store, "");
      String build = store.create(after(first, false, "k")).id();
      TEXT.append(store, build, 0);
      TEXT.checkpoint(store, build, 1);
      String delta = store.create(after(second, true, "")).id();
      store.delete(first);
      store.delete(second);
      assertHidden(store, first, second);
      store.delete(delta);
      assertGone(store, second);
    }
    try (DocumentStore store = open()) {
      assertHidden(store, first);
      DocumentSummary build = store.create(after(first, false, "k"));
      assertThat(build.checkpointTokens()).isEqualTo(64);
      TEXT.append(store, build.id(), 1);
      TEXT.seal(store, build.id(), false);
      assertThat(store.ancestors(build.id())).containsExactly(first);
      assertHidden(store, first);
      store.delete(build.id());
      assertGone(store, first);
    }
  }

  @Test
  void documentHiddenForAnEphemeralOneGoesWithARestart() {
    String first;
    try (DocumentStore store = open()) {
      first = sealed(store, "");
      store.create(after(first, true, ""));
      store.delete(first);
      assertHidden(store, first);
    }
    try (DocumentStore store = open()) {
      assertGone(store, first);
    }
  }

  @Test
  void onlySealedDocumentsOfTheSameLayoutCanBeContinued() {
    try (DocumentStore store = open()) {
      String building = store.create(Contents.LAYOUT, Map.of(), false).id();
      assertThatThrownBy(() -> store.create(after(building, false, "")))
          .isInstanceOf(WrongStateException.class);
      assertThatThrownBy(() -> store.create(after("nobody", false, "")))
          .isInstanceOf(DocumentNotFoundException.class);
      DocumentLayout other = new DocumentLayout(2, 4, 2, 8, StorageType.BF16, 0.5f);
      String sealed = sealed(store, "");
      assertThatThrownBy(
              () ->
                  store.create(new NewDocument(other, Map.of(), false, "", new Origin("", sealed))))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("layout");
    }
  }

  @Test
  void documentWhoseParentIsLostIsNotListedAndSaysSo() throws IOException {
    String first;
    String second;
    String third;
    try (DocumentStore store = open()) {
      first = sealed(store, "");
      second = sealed(store, first);
      third = sealed(store, second);
    }
    FileSystemUtils.deleteRecursively(folder.resolve("documents").resolve(first));
    try (DocumentStore store = open()) {
      assertThat(store.list(true)).isEmpty();
      assertThatThrownBy(() -> store.open(third))
          .isInstanceOf(DataLossException.class)
          .hasMessageContaining(second);
      assertThat(store.delete(third)).isPositive();
    }
  }
}
