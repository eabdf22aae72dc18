package dev.afterimage.testing.agent;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.instrument.UnmodifiableClassException;
import java.lang.reflect.AccessFlag;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.util.Map;

/**
 * Adds calls of {@link Reached} to the JDK methods that look up classes, resources, proxies and native libraries by
 * name. A native executable finds only those that were registered at its build.
 *
 * <p>{@code -javaagent:reflection-recorder.jar=FOLDER} writes one file a process into the folder when the process ends.
 */
public final class Agent implements ClassFileTransformer {
    private static final ClassDesc REACHED = ClassDesc.of(Reached.class.getName());

    /** By class and method of the JDK: the method of {@link Reached} to call. */
    private static final Map<String, Map<String, String>> CALLS = Map.of(
            "java/lang/Class",
            Map.ofEntries(
                    Map.entry("getFields", "fields"),
                    Map.entry("getField", "fields"),
                    Map.entry("getDeclaredFields", "fields"),
                    Map.entry("getDeclaredField", "fields"),
                    Map.entry("getRecordComponents", "fields"),
                    Map.entry("getMethods", "methods"),
                    Map.entry("getMethod", "methods"),
                    Map.entry("getDeclaredMethods", "methods"),
                    Map.entry("getDeclaredMethod", "methods"),
                    Map.entry("getConstructors", "constructors"),
                    Map.entry("getConstructor", "constructors"),
                    Map.entry("getDeclaredConstructors", "constructors"),
                    Map.entry("getDeclaredConstructor", "constructors"),
                    Map.entry("newInstance", "constructors")),
            "java/lang/ClassLoader",
            Map.of("getResource", "resource", "getResources", "resource", "getResourceAsStream", "resource"),
            "java/lang/Runtime",
            Map.of("load0", "library", "loadLibrary0", "library"),
            "java/lang/reflect/Proxy",
            Map.of("newProxyInstance", "proxy"));

    private Agent() {}

    public static void premain(String folder, Instrumentation jvm) throws UnmodifiableClassException {
        Reached.writeTo(Path.of(folder), jvm::getAllLoadedClasses);
        jvm.addTransformer(new Agent(), true);
        jvm.retransformClasses(Class.class, ClassLoader.class, Runtime.class, Proxy.class);
    }

    @Override
    public byte[] transform(
            Module module,
            ClassLoader loader,
            String name,
            Class<?> beingRedefined,
            ProtectionDomain domain,
            byte[] bytes) {
        var calls = CALLS.get(name);
        if (calls == null || beingRedefined == null) {
            return null;
        }
        try {
            return instrumented(bytes, calls);
        } catch (RuntimeException | LinkageError e) {
            e.printStackTrace(); // the JVM ignores this exception silently
            throw e;
        }
    }

    private static byte[] instrumented(byte[] bytes, Map<String, String> calls) {
        var classFile = ClassFile.of();
        return classFile.transformClass(classFile.parse(bytes), (builder, element) -> {
            if (element instanceof MethodModel method && tellsOf(method, calls)) {
                builder.transformMethod(method, (methodBuilder, part) -> {
                    if (part instanceof CodeModel code) {
                        methodBuilder.transformCode(
                                code, first(calls.get(method.methodName().stringValue())));
                    } else {
                        methodBuilder.with(part);
                    }
                });
            } else {
                builder.with(element);
            }
        });
    }

    private static boolean tellsOf(MethodModel method, Map<String, String> calls) {
        return calls.containsKey(method.methodName().stringValue())
                && method.code().isPresent()
                && !method.flags().has(AccessFlag.SYNTHETIC)
                && !method.flags().has(AccessFlag.PRIVATE);
    }

    /** Inserts the call at the start of the method, with the class or the argument that is looked up. */
    private static CodeTransform first(String told) {
        return new CodeTransform() {
            @Override
            public void atStart(CodeBuilder code) {
                switch (told) {
                    case "fields", "methods", "constructors" ->
                        code.aload(0).invokestatic(REACHED, told, of(ConstantDescs.CD_Class));
                    case "resource" -> code.aload(1).invokestatic(REACHED, told, of(ConstantDescs.CD_String));
                    case "library" -> code.aload(2).invokestatic(REACHED, told, of(ConstantDescs.CD_String));
                    case "proxy" -> code.aload(1).invokestatic(REACHED, told, of(ConstantDescs.CD_Class.arrayType()));
                    default -> throw new IllegalArgumentException(told);
                }
            }

            @Override
            public void accept(CodeBuilder code, CodeElement element) {
                code.with(element);
            }
        };
    }

    private static MethodTypeDesc of(ClassDesc parameter) {
        return MethodTypeDesc.of(ConstantDescs.CD_void, parameter);
    }
}
