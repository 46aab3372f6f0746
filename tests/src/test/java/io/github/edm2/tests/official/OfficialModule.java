package io.github.edm2.tests.official;

import io.github.edm2.tests.official.Pickler.Call;
import io.github.edm2.tests.official.Pickler.EmptySet;
import io.github.edm2.tests.official.Pickler.Global;
import io.github.edm2.tests.official.Pickler.NewObject;
import io.github.edm2.tests.official.Pickler.Tuple;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.linalg.api.ndarray.INDArray;

/** One module of an official network: its own tensors and the modules in it. */
public final class OfficialModule {

    private static final Global ORDERED_DICT = new Global("collections", "OrderedDict");
    private static final Global PARAMETER = new Global("torch._utils", "_rebuild_parameter");
    private static final Global MODULE_DICT =
            new Global("torch.nn.modules.container", "ModuleDict");
    private static final Global PERSISTENT =
            new Global("torch_utils.persistence", "_reconstruct_persistent_obj");

    private static final List<Integer> FILTER = List.of(1, 1);
    private static final Set<String> BUFFERS = Set.of("freqs", "phases");
    private static final Set<String> DICTIONARIES = Set.of("enc", "dec");
    private static final Set<String> NOT_OF_UNET =
            Set.of("use_fp16", "sigma_data", "logvar_channels");
    private static final Set<String> OF_BLOCKS =
            Set.of(
                    "resample_filter",
                    "channels_per_head",
                    "dropout",
                    "res_balance",
                    "attn_balance",
                    "clip_act");

    /** A buffer, to tell it from a parameter. */
    record Buffer(INDArray array) {}

    private final OfficialModule parent;
    private final String name;
    private final Map<String, INDArray> parameters = new LinkedHashMap<>();
    private final Map<String, INDArray> buffers = new LinkedHashMap<>();
    private final Map<String, OfficialModule> modules = new LinkedHashMap<>();

    private OfficialModule(OfficialModule parent, String name) {
        this.parent = parent;
        this.name = name;
    }

    /** The tree of modules that the names of the tensors describe, in their order. */
    static OfficialModule tree(Map<String, INDArray> tensors) {
        OfficialModule root = new OfficialModule(null, "");
        tensors.forEach(
                (path, tensor) -> {
                    OfficialModule module = root;
                    String[] names = path.split("\\.");
                    for (int i = 0; i < names.length - 1; i++) {
                        OfficialModule outer = module;
                        module =
                                outer.modules.computeIfAbsent(
                                        names[i], name -> new OfficialModule(outer, name));
                    }
                    String last = names[names.length - 1];
                    (BUFFERS.contains(last) ? module.buffers : module.parameters).put(last, tensor);
                });
        return root;
    }

    /** A persistent object of the given class. */
    public static Call persistent(String className, String source, Map<String, ?> state) {
        Map<String, Object> meta = new LinkedHashMap<>();
        meta.put("type", "class");
        meta.put("version", 6);
        meta.put("module_src", source);
        meta.put("class_name", className);
        meta.put("state", state);
        return new Call(PERSISTENT, meta);
    }

    /** An {@code OrderedDict}. */
    public static Call ordered(Map<String, ?> items) {
        return new Call(ORDERED_DICT, Tuple.of(), items, null);
    }

    /** State of a persistent object made by these arguments. */
    public static Map<String, Object> state(
            Map<String, ?> attributes, Tuple arguments, Map<String, ?> keywords) {
        Map<String, Object> state = new LinkedHashMap<>(attributes);
        state.put("_init_args", arguments);
        state.put("_init_kwargs", new LinkedHashMap<>(keywords));
        return state;
    }

    /**
     * This module and all in it, as the pickle holds them.
     *
     * @param network class of the root
     * @param source text of the Python module
     * @param kwargs the network's constructor arguments
     */
    Object value(String network, String source, Map<String, ?> kwargs) {
        Map<String, Object> state = torchState();
        Map<String, Object> inner = new LinkedHashMap<>();
        modules.forEach((key, module) -> inner.put(key, module.value(network, source, kwargs)));
        state.put("_modules", ordered(inner));
        if (parent == null) {
            state.putAll(network(kwargs));
            return persistent(network, source, state);
        } else if (DICTIONARIES.contains(name)) {
            return new NewObject(MODULE_DICT, Map.of(), state);
        } else if (name.equals("unet")) {
            state.putAll(unet(kwargs));
            return persistent("UNet", source, state);
        } else if (name.endsWith("fourier")) {
            state.putAll(state(Map.of(), Tuple.of(size(buffers, "freqs", 0)), Map.of()));
            return persistent("MPFourier", source, state);
        } else if (DICTIONARIES.contains(parent.name) && !name.endsWith("_conv")) {
            state.putAll(block(kwargs));
            return persistent("Block", source, state);
        }
        state.putAll(convolution());
        return persistent("MPConv", source, state);
    }

    private Map<String, Object> torchState() {
        Map<String, Object> wrapped = new LinkedHashMap<>();
        parameters.forEach(
                (key, tensor) ->
                        wrapped.put(key, new Call(PARAMETER, tensor, false, ordered(Map.of()))));
        Map<String, Object> registered = new LinkedHashMap<>();
        buffers.forEach((key, tensor) -> registered.put(key, new Buffer(tensor)));
        Map<String, Object> state = new LinkedHashMap<>();
        state.put("training", false);
        state.put("_parameters", ordered(wrapped));
        state.put("_buffers", ordered(registered));
        state.put("_non_persistent_buffers_set", new EmptySet());
        state.put("_backward_hooks", ordered(Map.of()));
        state.put("_is_full_backward_hook", null);
        state.put("_forward_hooks", ordered(Map.of()));
        state.put("_forward_pre_hooks", ordered(Map.of()));
        state.put("_state_dict_hooks", ordered(Map.of()));
        state.put("_load_state_dict_pre_hooks", ordered(Map.of()));
        state.put("_load_state_dict_post_hooks", ordered(Map.of()));
        return state;
    }

    private static Map<String, Object> network(Map<String, ?> kwargs) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("img_resolution", kwargs.get("img_resolution"));
        attributes.put("img_channels", kwargs.get("img_channels"));
        attributes.put("label_dim", kwargs.get("label_dim"));
        attributes.put("use_fp16", or(kwargs, "use_fp16", true));
        attributes.put("sigma_data", or(kwargs, "sigma_data", .5));
        return state(attributes, Tuple.of(), kwargs);
    }

    private static Map<String, Object> unet(Map<String, ?> kwargs) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("label_balance", or(kwargs, "label_balance", .5));
        attributes.put("concat_balance", or(kwargs, "concat_balance", .5));
        Map<String, Object> keywords = new LinkedHashMap<>(kwargs);
        keywords.keySet().removeAll(NOT_OF_UNET);
        return state(attributes, Tuple.of(), keywords);
    }

    private Map<String, Object> block(Map<String, ?> kwargs) {
        boolean attention = modules.containsKey("attn_qkv");
        long channels = weight("conv_res1", 0);
        int perHead = ((Number) or(kwargs, "channels_per_head", 64)).intValue();
        String mode = name.endsWith("_down") ? "down" : name.endsWith("_up") ? "up" : "keep";
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("out_channels", channels);
        attributes.put("flavor", parent.name);
        attributes.put("resample_filter", or(kwargs, "resample_filter", FILTER));
        attributes.put("resample_mode", mode);
        attributes.put("num_heads", attention ? channels / perHead : 0);
        attributes.put("dropout", or(kwargs, "dropout", 0));
        attributes.put("res_balance", or(kwargs, "res_balance", .3));
        attributes.put("attn_balance", or(kwargs, "attn_balance", .3));
        attributes.put("clip_act", or(kwargs, "clip_act", 256));
        for (String optional : List.of("conv_skip", "attn_qkv", "attn_proj")) {
            if (!modules.containsKey(optional)) {
                attributes.put(optional, null);
            }
        }
        Map<String, Object> keywords = new LinkedHashMap<>();
        keywords.put("flavor", parent.name);
        if (!mode.equals("keep")) {
            keywords.put("resample_mode", mode);
        } else if (!name.endsWith("_in1")) {
            keywords.put("attention", attention);
        }
        kwargs.forEach(
                (key, value) -> {
                    if (OF_BLOCKS.contains(key)) {
                        keywords.put(key, value);
                    }
                });
        long in = modules.containsKey("conv_skip") ? weight("conv_skip", 1) : channels;
        Tuple arguments = Tuple.of(in, channels, weight("emb_linear", 1));
        return state(attributes, arguments, keywords);
    }

    private Map<String, Object> convolution() {
        List<Long> kernel = new ArrayList<>();
        INDArray weight = parameters.get("weight");
        for (int i = 2; weight != null && i < weight.rank(); i++) {
            kernel.add(weight.size(i));
        }
        long out = size(parameters, "weight", 0);
        Tuple arguments = Tuple.of(size(parameters, "weight", 1), out);
        return state(Map.of("out_channels", out), arguments, Map.of("kernel", kernel));
    }

    private long weight(String module, int dimension) {
        OfficialModule inner = modules.get(module);
        return inner == null ? 0 : size(inner.parameters, "weight", dimension);
    }

    private static long size(Map<String, INDArray> tensors, String name, int dimension) {
        INDArray tensor = tensors.get(name);
        return tensor == null || tensor.rank() <= dimension ? 0 : tensor.size(dimension);
    }

    private static Object or(Map<String, ?> kwargs, String key, Object otherwise) {
        return kwargs.containsKey(key) ? kwargs.get(key) : otherwise;
    }
}
