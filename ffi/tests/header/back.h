
#ifdef __cplusplus
} // extern "C"
#endif

#endif // CALTROP_H
