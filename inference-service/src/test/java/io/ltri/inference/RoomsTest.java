package io.ltri.inference;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;

/** The directions of docs/architecture.md: who may know whom. */
@AnalyzeClasses(
    packages = "io.ltri.inference",
    importOptions = ImportOption.DoNotIncludeTests.class)
class RoomsTest {

  @ArchTest
  static final ArchRule roomsKnowOnlyWhatTheyMay =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("io.ltri.inference..")
          .layer("start")
          .definedBy("io.ltri.inference")
          .layer("grpc")
          .definedBy("..inference.grpc..")
          .layer("access")
          .definedBy("..inference.access..")
          .layer("http")
          .definedBy("..inference.http..")
          .layer("engine")
          .definedBy("..inference.engine..")
          .layer("attention")
          .definedBy("..inference.attention..")
          .layer("retrieval")
          .definedBy("..inference.retrieval..")
          .layer("span")
          .definedBy("..inference.span..")
          .layer("model")
          .definedBy("..inference.model..")
          .layer("tensor")
          .definedBy("..inference.tensor..")
          .whereLayer("start")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("grpc")
          .mayOnlyBeAccessedByLayers("start")
          .whereLayer("access")
          .mayOnlyBeAccessedByLayers("start", "grpc", "http", "engine")
          .whereLayer("http")
          .mayOnlyBeAccessedByLayers("start")
          .whereLayer("engine")
          .mayOnlyBeAccessedByLayers("start", "grpc", "http")
          .whereLayer("attention")
          .mayOnlyBeAccessedByLayers("start", "grpc", "http", "engine")
          .whereLayer("model")
          .mayOnlyBeAccessedByLayers("start", "grpc", "http", "engine")
          .whereLayer("retrieval")
          .mayOnlyBeAccessedByLayers("start", "grpc", "http", "engine", "attention")
          .whereLayer("span")
          .mayOnlyBeAccessedByLayers("start", "engine", "attention", "retrieval")
          .whereLayer("tensor")
          .mayOnlyBeAccessedByLayers("start", "engine", "attention", "model");

  @ArchTest
  static final ArchRule noCycles =
      slices().matching("io.ltri.inference.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule onlyTensorTouchesTheTensorLibrary =
      ArchRuleDefinition.noClasses()
          .that()
          .resideOutsideOfPackages("..inference.tensor..", "..inference.model.tokenizer..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("ai.djl..");

  @ArchTest
  static final ArchRule theMethodIsPure =
      ArchRuleDefinition.noClasses()
          .that()
          .resideInAPackage("..inference.span..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.springframework..", "io.grpc..", "ai.djl..", "io.ltri.proto..");
}
