package io.ltri.index;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Which package may know which. */
class RoomsTest {

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.ltri.index");

  @Test
  void storeKnowsNobody() {
    classes()
        .that()
        .resideInAPackage("io.ltri.index.store")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "io.ltri.index.store",
            "io.ltri.index.cipher",
            "java..",
            "javax.crypto..",
            "jdk.incubator.vector..",
            "org.apache.lucene..",
            "org.apache.commons.compress..",
            "com.google.gson..",
            "io.ltri.placement",
            "org.slf4j..",
            "org.jspecify..")
        .check(CLASSES);
  }

  @Test
  void cipherKnowsNobody() {
    classes()
        .that()
        .resideInAPackage("io.ltri.index.cipher")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("io.ltri.index.cipher", "java..", "javax.crypto..", "org.jspecify..")
        .check(CLASSES);
  }

  @Test
  void blobStoresKnowNobody() {
    classes()
        .that()
        .resideInAPackage("io.ltri.index.blob")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "io.ltri.index.blob", "java..", "software.amazon.awssdk..", "org.jspecify..")
        .check(CLASSES);
  }

  @Test
  void clusterKnowsStoreAndBlobs() {
    noClasses()
        .that()
        .resideInAPackage("io.ltri.index.cluster")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.ltri.index.search", "io.ltri.index.grpc", "io.ltri.index")
        .check(CLASSES);
  }

  @Test
  void searchKnowsTheStoreAlone() {
    classes()
        .that()
        .resideInAPackage("io.ltri.index.search")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(
            "io.ltri.index.search",
            "io.ltri.index.store",
            "java..",
            "jdk.incubator.vector..",
            "jdk.jfr..",
            "org.slf4j..",
            "org.jspecify..")
        .check(CLASSES);
  }

  @Test
  void onlyTheApplicationKnowsSpring() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.ltri.index.store",
            "io.ltri.index.search",
            "io.ltri.index.grpc",
            "io.ltri.index.blob",
            "io.ltri.index.cluster")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.springframework..")
        .check(CLASSES);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("io.ltri.index.(*)..").should().beFreeOfCycles().check(CLASSES);
  }
}
