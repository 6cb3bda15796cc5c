/** Commands of the vendor's reference that are not here, by the reason; they are answered with 103, unknown command. */
export const ABSENT: Readonly<Record<string, readonly string[]>> = {
  'there is no contact centre yet': [
    ...['AddQueue', 'DelQueue', 'SetQueueInfo', 'BindUserToQueue', 'GetACDState', 'GetACDHistory'],
    ...['GetACDOperatorStatistics', 'GetACDQueueStatistics', 'GetACDOperatorStatusStatistics'],
    ...['AddSkill', 'DelSkill', 'SetSkillInfo', 'BindSkill', 'GetSQState', 'GetSmartQueueRealtimeMetrics'],
    ...[
      'GetSmartQueueDayHistory',
      'RequestSmartQueueHistory',
      'SQ_AddQueue',
      'SQ_SetQueueInfo',
      'SQ_DelQueue',
    ],
    ...['SQ_AddSkill', 'SQ_DelSkill', 'SQ_SetSkillInfo', 'SQ_BindSkill', 'SQ_UnbindSkill', 'SQ_BindAgent'],
    ...['SQ_UnbindAgent', 'SQ_SetAgentInfo', 'SQ_SetAgentCustomStatusMapping'],
    ...['SQ_GetAgentCustomStatusMapping', 'SQ_DeleteAgentCustomStatusMapping'],
  ],
  'nothing costs anything, and there is one account': [
    ...[
      'SetAccountInfo',
      'SetChildAccountInfo',
      'GetCurrencyRate',
      'GetResourcePrice',
      'GetSubscriptionPrice',
    ],
    ...['GetChildrenAccounts', 'GetMoneyAmountToCharge', 'ChangeAccountPlan', 'GetAccountPlans'],
    ...['GetAvailablePlans', 'GetAccountDocuments', 'GetAccountVerifications', 'GetTransactionHistory'],
    ...['GetTransactionHistoryAsync', 'GetAccountInvoices', 'DownloadInvoice'],
  ],
  'numbers come over trunks of yours; there is no shop': [
    ...[
      'GetNewPhoneNumbers',
      'GetPhoneNumberCategories',
      'GetPhoneNumberCountryStates',
      'GetPhoneNumberRegions',
    ],
    ...[
      'GetActualPhoneNumberRegion',
      'GetAccountPhoneNumberCountries',
      'LinkregulationAddress',
      'GetZIPCodes',
    ],
    ...[
      'GetRegulationsAddress',
      'GetAvailableRegulations',
      'GetCountries',
      'GetRegions',
      'SetPhoneNumberInfo',
    ],
    ...['AddOutboundTestPhoneNumber', 'VerifyOutboundTestPhoneNumber', 'ActivateOutboundTestPhoneNumber'],
    ...['DelOutboundTestPhoneNumber', 'GetOutboundTestPhoneNumbers', 'AddWABPhoneNumber'],
    ...['DeleteWABPhoneNumber', 'SetWABPhoneNumberInfo', 'GetWABPhoneNumbers'],
  ],
  'numbers that may be shown are verified by whoever writes the settings file (`verifiedNumbers`)': [
    ...['GetCallerIDs', 'DelCallerID'],
  ],
  'trunks, their registrations and who may call are settings (docs/guide/connect-a-trunk.md)': [
    ...['CreateSipRegistration', 'UpdateSipRegistration', 'BindSipRegistration', 'DeleteSipRegistration'],
    ...['GetSipRegistrations', 'AddSipWhiteListItem', 'DelSipWhiteListItem', 'SetSipWhiteListItem'],
    ...['GetSipWhiteList', 'AddPstnBlackListItem', 'SetPstnBlackListItem', 'DelPstnBlackListItem'],
    ...['GetPstnBlackList', 'AddAuthorizedAccountIP', 'DelAuthorizedAccountIP', 'GetAuthorizedAccountIPs'],
    ...['CheckAuthorizedAccountIP'],
  ],
  'keys are made by `maskline keys` and `/v1/keys`, and have scopes instead of roles': [
    ...['CreateKey', 'GetKeys', 'UpdateKey', 'DeleteKey', 'SetKeyRoles', 'GetKeyRoles', 'RemoveKeyRoles'],
    ...['AddSubUser', 'GetSubUsers', 'SetSubUserInfo', 'DelSubUser', 'SetSubUserRoles', 'GetSubUserRoles'],
    ...['RemoveSubUserRoles', 'GetRoles', 'GetRoleGroups'],
  ],
  'reports are not made in the background; GetCallHistory answers at once': [
    ...['GetCallHistoryAsync', 'GetBriefCallHistory', 'GetHistoryReports', 'DownloadHistoryReport'],
    ...['GetAuditLog', 'GetAuditLogAsync', 'GetPhoneNumberReports', 'GetPhoneNumbersAsync'],
  ],
  'recordings are kept in a folder of the node, and removed there': ['DeleteRecord', 'GetRecordStorages'],
  'there are no messages but those within calls': [
    ...['SendSmsMessage', 'A2PSendSms', 'ControlSms', 'GetSmsHistory', 'A2PGetSmsHistory'],
    ...['AddPushCredential', 'SetPushCredential', 'DelPushCredential', 'GetPushCredential'],
    ...['BindPushCredential'],
  ],
  'scenarios have no module for it': [
    ...[
      'AddDialogflowKey',
      'SetDialogflowKey',
      'DelDialogflowKey',
      'GetDialogflowKeys',
      'BindDialogflowKeys',
    ],
    ...['AddSecret', 'DelSecret', 'GetSecretValue', 'GetSecrets', 'SetSecretInfo'],
  ],
  'rows are called in the order of their table and their priority in it': ['EditCallListTasksPriority'],
};
